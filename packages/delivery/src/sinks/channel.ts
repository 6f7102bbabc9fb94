import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import type { Closed, CloseOptions } from '../closable.ts';
import { GivenUpError } from './given-up-error.ts';
import { Closing } from '../internal/closing.ts';
import { done, harmless } from '../internal/done.ts';
import { Line, onFullValues, type OnFull } from './internal/line.ts';
import { SinkClosedError } from './sink-closed-error.ts';
import type { Sink, WriteOptions } from './sink.ts';

/** Options of a {@link Channel}. */
export interface ChannelOptions<T = unknown> {
  /** How many events may wait for a reader. With 0 a write resolves when a reader has taken the event. Default 16. */
  readonly maxSize?: number;
  /** What a write does when so many wait, as in `QueueOptions`. Default `wait`: writers go at the pace of the readers. */
  readonly onFull?: OnFull;
  /** Told of every event that was accepted and that no reader finished with, with the reason. */
  readonly onDrop?: (event: T, error: unknown) => void;
}

const known = new Set(['maxSize', 'onFull', 'onDrop']);

interface Reader<T> {
  /** What it has taken, until it asks for more. */
  inHand: { readonly event: T } | undefined;
}

/**
 * A sink that is read with `for await`. Of several readers each event goes to one. Who leaves the loop closes the channel
 * for all: writers are told, and what waits is given up, counted and told to `onDrop`.
 *
 * A reader has finished with an event when it asks for the next one; `close` waits for that, so everything accepted was
 * read to the end when it resolves.
 */
export class Channel<T> implements Sink<T>, AsyncIterable<T> {
  readonly #line: Line<T>;
  readonly #onDrop: ((event: T, error: unknown) => void) | undefined;
  readonly #closing: Closing;
  readonly #busy = new Set<Reader<T>>();
  /** Who waits for an event. */
  readonly #idle: { readonly reader: Reader<T>; readonly give: (result: IteratorResult<T, undefined>) => void }[] = [];
  #delivered = 0;
  #dropped = 0;
  #gaveUp = 0;
  #over = false;
  #drained: (() => void) | undefined;

  /** @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound. */
  constructor(options: ChannelOptions<T> = {}) {
    const { maxSize = 16, onFull = 'wait', onDrop } = options;
    const problems = unknownOptions(options, known);
    if (!(maxSize === Infinity || (Number.isSafeInteger(maxSize) && maxSize >= 0)))
      problems.push(`maxSize must be an integer of at least 0 or Infinity, got ${String(maxSize)}`);
    if (!onFullValues.includes(onFull)) problems.push(`onFull must be ${onFullValues.join(', ')}, got ${onFull}`);
    if (maxSize === 0 && onFull === 'drop_oldest') problems.push('onFull must not be drop_oldest where maxSize is 0');
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    this.#onDrop = onDrop;
    this.#line = new Line(maxSize, onFull, (event, error) => this.#drop(event, error));
    this.#closing = new Closing(
      this,
      () => this.#end(),
      () => this.#giveUp(),
    );
  }

  /** Events that were accepted and that no reader has finished with. */
  get depth(): number {
    return this.#line.depth + this.#busy.size;
  }
  /** Writes that wait for room. */
  get waiting(): number {
    return this.#line.waiting;
  }
  /** Events that a reader has finished with. */
  get delivered(): number {
    return this.#delivered;
  }
  /** Events that were accepted and are not read, for whatever reason. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Resolves when a reader has the event or there was room for it; see `onFull` for when there is none. */
  write(event: T, options?: WriteOptions): Promise<void> {
    if (this.#closing.begun) return Promise.reject(new SinkClosedError());
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason as Error);
    const waiting = this.#idle.shift();
    if (waiting === undefined) return this.#line.put(event, options?.signal);
    this.#hand(waiting.reader, event);
    waiting.give({ done: false, value: event });
    return done;
  }

  close(options?: CloseOptions): Promise<Closed> {
    return this.#closing.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    const reader: Reader<T> = { inHand: undefined };
    return {
      next: () => this.#next(reader),
      return: () => {
        this.#finish(reader);
        void this.close({ signal: AbortSignal.abort() });
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #next(reader: Reader<T>): Promise<IteratorResult<T, undefined>> {
    this.#finish(reader);
    if (!this.#line.empty) {
      const event = this.#line.take();
      this.#hand(reader, event);
      return Promise.resolve({ done: false, value: event });
    }
    if (this.#closing.begun) return Promise.resolve({ done: true, value: undefined });
    return new Promise((give) => this.#idle.push({ reader, give }));
  }

  #hand(reader: Reader<T>, event: T): void {
    reader.inHand = { event };
    this.#busy.add(reader);
  }

  #finish(reader: Reader<T>): void {
    if (!this.#busy.delete(reader)) return;
    reader.inHand = undefined;
    this.#delivered += 1;
    if (this.#line.empty && this.#busy.size === 0) this.#drained?.();
  }

  async #end(): Promise<Closed> {
    for (const { give } of this.#idle.splice(0)) give({ done: true, value: undefined });
    if (!this.#over && (!this.#line.empty || this.#busy.size > 0))
      await new Promise<void>((resolve) => (this.#drained = resolve));
    return { undelivered: this.#gaveUp };
  }

  #giveUp(): void {
    this.#over = true;
    const inHand = [...this.#busy].flatMap((reader) => (reader.inHand === undefined ? [] : [reader.inHand.event]));
    this.#busy.clear();
    const lost = [...inHand, ...this.#line.clear(() => new SinkClosedError())];
    this.#gaveUp += lost.length;
    const error = new GivenUpError();
    for (const event of lost) this.#drop(event, error);
    this.#drained?.();
  }

  #drop(event: T, error: unknown): void {
    this.#dropped += 1;
    if (this.#onDrop !== undefined) harmless(() => this.#onDrop?.(event, error));
  }
}
