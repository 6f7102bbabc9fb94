import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import { nextTurn } from '../internal/soon.ts';
import type { DriverEventOf, NameOf, PayloadOf, ReplyOf } from './driver-event.ts';
import type { EventQueue } from './event-queue.ts';
import { Serving } from './serving.ts';

/** Options of `consumer.receive()`. */
export interface ReceiveOptions {
  /** Leaves the wait, with the signal's reason. No event is lost by it. */
  readonly signal?: AbortSignal | undefined;
}

/** What `consumer.serve()` tells a handler beside the payload. */
export interface ServedEvent<Name extends string = string> {
  readonly name: Name;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts when who asked does not wait any more, and when a close gives the event up. */
  readonly signal: AbortSignal;
}

/** What does the work for each name. What it gives is the answer; what it throws goes to who asked. */
export type ServeHandlers<Map extends object> = {
  readonly [Name in NameOf<Map>]?: (
    payload: PayloadOf<Map, Name>,
    event: ServedEvent<Name>,
  ) => ReplyOf<Map, Name> | PromiseLike<ReplyOf<Map, Name>>;
};

/** Options of `consumer.serve()`. */
export interface ServeOptions {
  /** How many events may be worked on at a time; while so many are, no other is taken. Default 100. */
  readonly concurrency?: number | undefined;
  /** Takes no more events from then on. What was taken is worked on to its end. */
  readonly signal?: AbortSignal | undefined;
}

const knownOfReceive = new Set(['signal']);
const knownOfServe = new Set(['concurrency', 'signal']);
/** Other work has its turn after so many events: a loop that never waits would let no timer run and nothing be read. */
const inARow = 64;

/** Takes events from a driver, each of which goes to one consumer. */
export class Consumer<Map extends object> implements AsyncIterable<DriverEventOf<Map>> {
  readonly #queue: EventQueue;

  /** @internal By `driver.consumer()`. */
  constructor(queue: EventQueue) {
    this.#queue = queue;
  }

  /**
   * The next event. Rejects with the signal's reason, with a `DriverClosedError` when the driver is closed and nothing
   * is left in it, or with an `InvalidOptionsError`.
   */
  receive(options: ReceiveOptions = {}): Promise<DriverEventOf<Map>> {
    const problems = unknownOptions(options, knownOfReceive);
    if (problems.length > 0) return Promise.reject(new InvalidOptionsError(problems));
    return this.#queue.receive(options.signal) as Promise<unknown> as Promise<DriverEventOf<Map>>;
  }

  /** Events until the driver is closed and nothing is left in it. Leaving the loop leaves the rest to others. */
  async *[Symbol.asyncIterator](): AsyncGenerator<DriverEventOf<Map>, undefined> {
    for (let count = 1; ; count += 1) {
      const event = await this.#queue.receive(undefined).catch(() => undefined);
      if (event === undefined) return undefined;
      yield event as unknown as DriverEventOf<Map>;
      if (count % inARow === 0) await nextTurn();
    }
  }

  /**
   * Takes events and has them worked on, several at a time: while one waits for something, others go on. Resolves when
   * the driver is closed, or the signal has aborted, and everything that was taken is done. Never rejects because of an
   * event: a request that fails is told of it, a one-way event that fails goes to the driver's `onError`, and both fail
   * with an `UnhandledEventError` when there is no handler for them.
   *
   * @throws {InvalidOptionsError} as a rejection, naming everything that is wrong with the options.
   */
  async serve(handlers: ServeHandlers<Map>, options: ServeOptions = {}): Promise<void> {
    const { concurrency = 100, signal } = options;
    const problems = unknownOptions(options, knownOfServe);
    if (!((Number.isSafeInteger(concurrency) && concurrency >= 1) || concurrency === Infinity))
      problems.push(`concurrency must be an integer of at least 1, or Infinity, got ${String(concurrency)}`);
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    const serving = new Serving(this.#queue, handlers);
    for (let count = 1; ; count += 1) {
      if (serving.running >= concurrency) await serving.oneDone();
      const event = await this.#queue.receive(signal).catch(() => undefined);
      if (event === undefined) break;
      serving.start(event);
      if (count % inARow === 0) await nextTurn();
    }
    await serving.allDone();
  }
}
