import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import type { Closed, CloseOptions } from '../closable.ts';
import { GivenUpError } from './given-up-error.ts';
import { Closing, closeBehind } from '../internal/closing.ts';
import { done, harmless } from '../internal/done.ts';
import { Line, onFullValues, type OnFull } from './internal/line.ts';
import { nextTurn, soon } from '../internal/soon.ts';
import { isSinkClosed, SinkClosedError } from './sink-closed-error.ts';
import type { Sink, WriteOptions } from './sink.ts';

/** Options of a {@link Queue}. */
export interface QueueOptions<T = unknown> {
  /** How many events may wait. `Infinity` is a choice: then memory is the bound. Default 10,000. */
  readonly maxSize?: number;
  /**
   * What a write does when the queue is full: it waits for room, the event that waited longest is dropped, the new one is
   * dropped, or the write rejects with a `QueueFullError`. Default `wait`.
   */
  readonly onFull?: OnFull;
  /**
   * Told of every event that was accepted and is not delivered, with the reason: what the destination threw, a
   * `QueueFullError`, a `GivenUpError` when a close came to its deadline. Default: only counted.
   */
  readonly onDrop?: (event: T, error: unknown) => void;
}

const known = new Set(['maxSize', 'onFull', 'onDrop']);
/** Events in a row before other work gets its turn. */
const batch = 64;

/**
 * Takes events at once and writes them to the destination behind, one at a time, in the order in which they came. What
 * is slow or stuck behind it delays nobody before it, until the queue is full.
 *
 * An event that the destination refuses is dropped, counted and told to `onDrop`: put a `Retrying` behind the queue for
 * other attempts. When the destination says that it is closed, all that waits is dropped in the same way and the queue
 * takes no more. `accepted = delivered + dropped + depth`, always.
 */
export class Queue<T> implements Sink<T> {
  readonly #behind: Sink<T>;
  readonly #onDrop: ((event: T, error: unknown) => void) | undefined;
  readonly #line: Line<T>;
  readonly #closing: Closing;
  readonly #options: { readonly signal: AbortSignal };
  #delivered = 0;
  #dropped = 0;
  #draining = false;
  /** While the destination has one: that one. */
  #inFlight: { readonly event: T } | undefined;
  /** The destination is closed, or the closer gave up: what is left is not delivered. */
  #over = false;
  #gaveUp = 0;
  #idle: (() => void)[] = [];

  /** @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound. */
  constructor(behind: Sink<T>, options: QueueOptions<T> = {}) {
    const { maxSize = 10_000, onFull = 'wait', onDrop } = options;
    const problems = unknownOptions(options, known);
    checkQueueSize(maxSize, problems);
    if (!onFullValues.includes(onFull)) problems.push(`onFull must be ${onFullValues.join(', ')}, got ${onFull}`);
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    this.#behind = behind;
    this.#onDrop = onDrop;
    this.#line = new Line(maxSize, onFull, (event, error) => this.#drop(event, error));
    this.#closing = new Closing(
      this,
      (signal) => this.#end(signal),
      () => this.#giveUp(),
    );
    this.#options = { signal: this.#closing.signal };
  }

  /** Events that were accepted and that the destination has not committed. */
  get depth(): number {
    return this.#line.depth + (this.#inFlight === undefined ? 0 : 1);
  }
  /** Writes that wait for room. */
  get waiting(): number {
    return this.#line.waiting;
  }
  /** Events that the destination has committed. */
  get delivered(): number {
    return this.#delivered;
  }
  /** Events that were accepted and not delivered, for whatever reason. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Resolves when the queue has the event; see `onFull` for a queue that is full. */
  write(event: T, options?: WriteOptions): Promise<void> {
    if (this.#closing.begun || this.#over) return Promise.reject(new SinkClosedError());
    const put = this.#line.put(event, options?.signal);
    if (!this.#draining && !this.#line.empty) {
      this.#draining = true;
      soon(() => void this.#drain());
    }
    return put;
  }

  /** Resolves when the queue is empty. */
  flush(): Promise<void> {
    if (!this.#draining) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(options?: CloseOptions): Promise<Closed> {
    return this.#closing.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #drain(): Promise<void> {
    for (let count = 1; !this.#line.empty && !this.#over; count += 1) {
      const event = this.#line.take();
      const inFlight = (this.#inFlight = { event });
      try {
        const written = this.#behind.write(event, this.#options);
        // What is committed already need not be waited for.
        if (written !== done) await written;
        // What the closer gave up is counted already.
        if (this.#inFlight === inFlight) this.#delivered += 1;
      } catch (error) {
        if (this.#inFlight === inFlight) this.#failed(event, error);
      }
      if (this.#inFlight === inFlight) this.#inFlight = undefined;
      if (count % batch === 0) await nextTurn();
    }
    this.#settle();
  }

  #failed(event: T, error: unknown): void {
    this.#drop(event, error);
    if (isSinkClosed(error)) this.#lose(error);
  }

  /** Drops what waits, and gives how many there were. */
  #lose(error: unknown): number {
    this.#over = true;
    const lost = this.#line.clear(() => new SinkClosedError());
    for (const event of lost) this.#drop(event, error);
    return lost.length;
  }

  #giveUp(): void {
    const { event } = this.#inFlight ?? {};
    const stuck = this.#inFlight !== undefined;
    this.#inFlight = undefined;
    const error = new GivenUpError();
    if (stuck) this.#drop(event as T, error);
    this.#gaveUp += this.#lose(error) + (stuck ? 1 : 0);
    this.#settle();
  }

  async #end(signal: AbortSignal): Promise<Closed> {
    await this.flush();
    const behind = await closeBehind(this.#behind, signal);
    return { undelivered: this.#gaveUp + behind };
  }

  #drop(event: T, error: unknown): void {
    this.#dropped += 1;
    if (this.#onDrop !== undefined) harmless(() => this.#onDrop?.(event, error));
  }

  #settle(): void {
    this.#draining = false;
    if (this.#idle.length === 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}

/** Adds a problem when so many events cannot be what a queue holds. */
export function checkQueueSize(maxSize: number, problems: string[]): void {
  if (!(maxSize === Infinity || (Number.isSafeInteger(maxSize) && maxSize >= 1)))
    problems.push(`maxSize must be an integer of at least 1 or Infinity, got ${String(maxSize)}`);
}
