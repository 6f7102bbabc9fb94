import { InvalidOptionsError, type Removal, unknownOptions } from '@lockscope/core';

import type { Closed, CloseOptions } from '../closable.ts';
import { Closing } from '../internal/closing.ts';
import { harmless, isThenable } from '../internal/done.ts';
import type { Bus, BusOptions, BusStats, PublishInit } from './bus.ts';
import { BufferedEvents, type BusEventsOptions } from './bus-events.ts';
import { BusClosedError } from './closed-errors.ts';
import { checkSource, createMessage } from './create-message.ts';
import { type AnyHandler, type HandlerContext, Handlers } from './handlers.ts';
import type { Message } from './message.ts';
import { removal } from './removal.ts';
import { UnderWay } from './under-way.ts';

const known = new Set(['source', 'onError', 'onDrop']);
const knownEventsOptions = new Set(['signal', 'capacity', 'onFull']);

/**
 * A bus. Nothing in it is shared with any other.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options.
 */
export function createBus<Events extends object = Record<string, unknown>>(options: BusOptions = {}): Bus<Events> {
  const { source = 'local' } = options;
  // Told now, and not at the first message.
  checkSource(source, unknownOptions(options, known));
  return new LocalBus({ ...options, source }) as unknown as Bus<Events>;
}

type Results = readonly PromiseSettledResult<unknown>[];

const noResults: Promise<Results> = Promise.resolve(Object.freeze([]));
const done: PromiseSettledResult<unknown> = Object.freeze({ status: 'fulfilled', value: undefined });

class LocalBus {
  readonly #options: BusOptions & { readonly source: string };
  readonly #handlers = new Handlers();
  readonly #running = new UnderWay();
  readonly #loops = new Set<BufferedEvents<Message>>();
  readonly #closing: Closing;
  readonly #context: HandlerContext;
  #published = 0;
  #unhandled = 0;
  #failed = 0;
  #dropped = 0;
  #hookFaults = 0;

  constructor(options: BusOptions & { readonly source: string }) {
    this.#options = options;
    this.#closing = new Closing(this, (signal) => this.#drain(signal));
    this.#context = Object.freeze({ signal: this.#closing.signal });
  }

  get stats(): BusStats {
    return {
      published: this.#published,
      unhandled: this.#unhandled,
      failed: this.#failed,
      dropped: this.#dropped,
      hookFaults: this.#hookFaults,
      running: this.#running.count,
    };
  }

  on(pattern: string | readonly string[], handler: AnyHandler): Removal {
    return this.#register(pattern, handler, false);
  }

  once(pattern: string | readonly string[], handler: AnyHandler): Removal {
    const leave = this.#register(
      pattern,
      (message) => {
        leave();
        return handler(message, this.#context);
      },
      true,
    );
    return leave;
  }

  events(pattern: string | readonly string[], options: BusEventsOptions = {}): BufferedEvents<Message> {
    const { capacity = 1000, onFull = 'drop_oldest', signal } = options;
    const problems = unknownOptions(options, knownEventsOptions);
    if (!Number.isSafeInteger(capacity) || capacity < 1)
      problems.push(`capacity must be an integer of at least 1, got ${String(capacity)}`);
    if (onFull !== 'drop_oldest' && onFull !== 'drop_newest')
      problems.push(`onFull must be drop_oldest or drop_newest, got ${String(onFull)}`);
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    const aborted = signal?.aborted === true;
    const leave = aborted ? undefined : this.#register(pattern, (message) => loop.put(message), false);
    const loop = new BufferedEvents<Message>(
      { capacity, onFull, signal },
      {
        onDrop: (message, reason) => {
          this.#dropped += 1;
          this.#tell(() => this.#options.onDrop?.(message, reason));
        },
        leave: () => {
          this.#loops.delete(loop);
          leave?.();
        },
      },
    );
    if (!aborted) this.#loops.add(loop);
    return loop;
  }

  publish(first: string | Message, data?: unknown, init?: PublishInit): Promise<Results> {
    if (this.#closing.begun) return Promise.reject(new BusClosedError());
    let message: Message;
    try {
      message = typeof first === 'string' ? this.#message(first, data, init) : first;
    } catch (error) {
      return Promise.reject(error);
    }
    this.#published += 1;
    const registrations = this.#handlers.of(message.type);
    if (registrations.length === 0) {
      this.#unhandled += 1;
      return noResults;
    }
    const results: PromiseSettledResult<unknown>[] = [];
    let pending: Promise<void>[] | undefined;
    for (const { handler, holds } of registrations) {
      if (holds === 0) continue;
      const at = results.length;
      try {
        const given = handler(message, this.#context);
        results.push(given === undefined ? done : { status: 'fulfilled', value: given });
        if (isThenable(given)) (pending ??= []).push(this.#settle(given, message, results, at));
      } catch (error) {
        results[at] = { status: 'rejected', reason: error };
        this.#fault(error, message);
      }
    }
    return pending === undefined ? Promise.resolve(results) : Promise.all(pending).then(() => results);
  }

  emit(first: string | Message, data?: unknown, init?: PublishInit): void {
    if (this.#closing.begun) throw new BusClosedError();
    const message = typeof first === 'string' ? this.#message(first, data, init) : first;
    this.#published += 1;
    const registrations = this.#handlers.of(message.type);
    if (registrations.length === 0) this.#unhandled += 1;
    for (const { handler, holds } of registrations) {
      if (holds === 0) continue;
      try {
        const given = handler(message, this.#context);
        if (isThenable(given)) void this.#settle(given, message);
      } catch (error) {
        this.#fault(error, message);
      }
    }
  }

  close(options?: CloseOptions): Promise<Closed> {
    return this.#closing.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #drain(signal: AbortSignal): Promise<Closed> {
    const left = await Promise.all([
      this.#running.drained(signal, () => new BusClosedError()),
      ...[...this.#loops].map((loop) => loop.drain(signal)),
    ]);
    return { undelivered: left.reduce((sum, each) => sum + each, 0) };
  }

  #message(type: string, data: unknown, init: PublishInit | undefined): Message {
    return createMessage(type, data, { ...init, source: init?.source ?? this.#options.source });
  }

  #register(pattern: string | readonly string[], handler: AnyHandler, once: boolean): Removal {
    if (this.#closing.begun) throw new BusClosedError();
    const registrations = this.#handlers.addAll(typeof pattern === 'string' ? [pattern] : pattern, handler, once);
    return removal(() => {
      for (const registration of registrations) this.#handlers.release(registration);
    });
  }

  #settle(
    given: PromiseLike<unknown>,
    message: Message,
    results?: PromiseSettledResult<unknown>[],
    at = 0,
  ): Promise<void> {
    return this.#running.track(given).then(
      (value) => {
        if (results !== undefined) results[at] = { status: 'fulfilled', value };
        return undefined;
      },
      (error: unknown) => {
        if (results !== undefined) results[at] = { status: 'rejected', reason: error };
        this.#fault(error, message);
      },
    );
  }

  #fault(error: unknown, message: Message): void {
    this.#failed += 1;
    this.#tell(() => this.#options.onError?.(error, message));
  }

  /** Calls a hook of the user; its faults are counted and harm nobody. */
  #tell(hook: () => unknown): void {
    harmless(hook, () => {
      this.#hookFaults += 1;
    });
  }
}
