import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import type { Closed, CloseOptions } from '../closable.ts';
import { Closing, closeAllBehind } from '../internal/closing.ts';
import { done, harmless } from '../internal/done.ts';
import { Lane } from './internal/lane.ts';
import { checkQueueSize, type QueueOptions } from './queue.ts';
import { isSinkClosed, SinkClosedError } from './sink-closed-error.ts';
import type { Sink, WriteOptions } from './sink.ts';

/** Options of a {@link Broadcaster}. */
export interface BroadcasterOptions<T = unknown> {
  /** How many events may wait for one sink. `Infinity` is a choice: then memory is the bound. Default 10,000. */
  readonly maxSize?: number;
  /**
   * What becomes of an event when so many wait for one sink: the write waits for room, and with it the other sinks wait;
   * or the event that waited longest is dropped for that sink; or the new one is. Default `wait`.
   */
  readonly onFull?: 'wait' | 'drop_oldest' | 'drop_newest';
  /** Told of every event that one sink did not get, with the reason. The others got it. Default: only counted. */
  readonly onDrop?: (event: T, error: unknown, sink: Sink<T>) => void;
}

const known = new Set(['maxSize', 'onFull', 'onDrop']);

/**
 * Gives every event to every sink. Each sink gets all events in the order in which they were written, one at a time, and
 * at its own pace: a sink that is slow or fails delays no other and loses nothing for it. A write resolves when every
 * sink's queue has the event. A sink that says that it is closed is taken out.
 */
export class Broadcaster<T> implements Sink<T> {
  readonly #options: BroadcasterOptions<T>;
  readonly #lanes = new Map<Sink<T>, Lane<T>>();
  /** Of sinks that were taken out and still get what was taken for them before. */
  readonly #leaving = new Map<Sink<T>, Lane<T>>();
  readonly #closing: Closing;
  #dropped = 0;

  /**
   * @param sinks a sink that is there twice gets everything once
   * @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound.
   */
  constructor(sinks: Iterable<Sink<T>> = [], options: BroadcasterOptions<T> = {}) {
    const { maxSize = 10_000, onFull = 'wait' } = options;
    const problems = unknownOptions(options, known);
    checkQueueSize(maxSize, problems);
    if (!['wait', 'drop_oldest', 'drop_newest'].includes(onFull))
      problems.push(`onFull must be wait, drop_oldest, drop_newest, got ${onFull}`);
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    this.#options = options;
    this.#closing = new Closing(this, (signal) => this.#end(signal));
    for (const sink of sinks) this.add(sink);
  }

  /** How many sinks there are. */
  get size(): number {
    return this.#lanes.size;
  }
  /** Pairs of an event and a sink that did not get it. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Events that wait for this sink or are with it. 0 for a sink that is not there. */
  depth(sink: Sink<T>): number {
    return (this.#lanes.get(sink) ?? this.#leaving.get(sink))?.queue.depth ?? 0;
  }

  /**
   * From now on the sink gets every event. Adding it again changes nothing. Gives what removes it.
   *
   * @throws {SinkClosedError} after `close` was called.
   */
  add(sink: Sink<T>): () => Promise<void> {
    if (this.#closing.begun) throw new SinkClosedError();
    if (!this.#lanes.has(sink)) {
      const lane = this.#leaving.get(sink) ?? this.#lane(sink);
      this.#leaving.delete(sink);
      lane.stay();
      this.#lanes.set(sink, lane);
    }
    return () => this.remove(sink);
  }

  /**
   * Takes the sink out at once; a sink that is not there changes nothing. Resolves when it got what was written before.
   * It is not closed.
   *
   * @throws {SinkClosedError} after `close` was called.
   */
  remove(sink: Sink<T>): Promise<void> {
    if (this.#closing.begun) throw new SinkClosedError();
    const lane = this.#lanes.get(sink);
    if (lane !== undefined) {
      this.#lanes.delete(sink);
      lane.leave();
      this.#leaving.set(sink, lane);
    }
    return this.#left(sink);
  }

  /** Resolves when every sink's queue has the event. When it rejects because of its signal, some may have it. */
  write(event: T, options?: WriteOptions): Promise<void> {
    if (this.#closing.begun) return Promise.reject(new SinkClosedError());
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason as Error);
    let waits: Promise<void>[] | undefined;
    for (const lane of this.#lanes.values()) {
      const taken = lane.queue.write(event, options);
      if (taken !== done) (waits ??= []).push(this.#unlessClosed(taken, event, lane));
    }
    return waits === undefined ? done : everyOne(waits);
  }

  /** Resolves when every sink has what was written before. */
  async flush(): Promise<void> {
    await Promise.all([...this.#lanes.values(), ...this.#leaving.values()].map(({ queue }) => queue.flush()));
  }

  close(options?: CloseOptions): Promise<Closed> {
    return this.#closing.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #lane(sink: Sink<T>): Lane<T> {
    const { maxSize, onFull } = this.#options;
    const options: QueueOptions<T> = {
      ...(maxSize !== undefined && { maxSize }),
      ...(onFull !== undefined && { onFull }),
      onDrop: (event, error) => this.#drop(event, error, lane),
    };
    const lane = new Lane(sink, options);
    return lane;
  }

  #drop(event: T, error: unknown, lane: Lane<T>): void {
    this.#dropped += 1;
    if (isSinkClosed(error) && this.#lanes.get(lane.sink) === lane) this.#lanes.delete(lane.sink);
    const { onDrop } = this.#options;
    if (onDrop !== undefined) harmless(() => onDrop(event, error, lane.sink));
  }

  /** A sink that closed while its writer waited for room has dropped that event for itself only. */
  async #unlessClosed(taken: Promise<void>, event: T, lane: Lane<T>): Promise<void> {
    try {
      await taken;
    } catch (error) {
      if (!isSinkClosed(error) || this.#closing.signal.aborted) throw error;
      this.#drop(event, error, lane);
    }
  }

  async #left(sink: Sink<T>): Promise<void> {
    const lane = this.#leaving.get(sink);
    await lane?.queue.flush();
    if (lane !== undefined && lane.queue.depth === 0 && this.#leaving.get(sink) === lane) this.#leaving.delete(sink);
  }

  async #end(signal: AbortSignal): Promise<Closed> {
    const lanes = [...this.#lanes.values(), ...this.#leaving.values()];
    const undelivered = await closeAllBehind(
      lanes.map(({ queue }) => queue),
      signal,
    );
    return { undelivered };
  }
}

/** Waits for all, and then fails as the first of them that failed. */
async function everyOne(waits: readonly Promise<void>[]): Promise<void> {
  for (const end of await Promise.allSettled(waits)) if (end.status === 'rejected') throw end.reason;
}
