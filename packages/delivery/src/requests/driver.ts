import type { Closable, Closed, CloseOptions } from '../closable.ts';
import { Closing } from '../internal/closing.ts';
import { Consumer } from './consumer.ts';
import type { DriverOptions, DriverStats } from './driver-options.ts';
import { EventQueue } from './event-queue.ts';
import { Producer } from './producer.ts';

/**
 * Takes events from producers to consumers in this process: a bounded queue, first in, first out. A request waits for
 * its answer within a limit; a one-way event for nothing. `Map` says what each needs and what is answered, as a function:
 * `new Driver<{ borrow: (title: string) => Receipt; returned: (title: string) => void }>()`.
 *
 * With one consumer that works on one event at a time whatever it owns needs no lock.
 */
export class Driver<Map extends object = Record<string, (payload: unknown) => unknown>> implements Closable {
  readonly #queue: EventQueue;
  readonly #closing: Closing;

  /** @throws {InvalidOptionsError} naming everything that is wrong with the options. */
  constructor(options: DriverOptions = {}) {
    this.#queue = new EventQueue(options);
    this.#closing = new Closing(this, (signal) => this.#queue.drain(signal));
  }

  /** How many events may wait to be taken. */
  get capacity(): number {
    return this.#queue.capacity;
  }

  /** How many events wait to be taken. */
  get size(): number {
    return this.#queue.size;
  }

  /** How many callers wait for room. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  get stats(): DriverStats {
    return this.#queue.stats;
  }

  /** Another producer; there may be any number. */
  producer(): Producer<Map> {
    return new Producer(this.#queue);
  }

  /** Another consumer; there may be any number, and each event goes to one of them. */
  consumer(): Consumer<Map> {
    return new Consumer(this.#queue);
  }

  /**
   * Takes no more events: who waits for room is refused with a `DriverClosedError`. What is in the queue can still be
   * taken; resolves when it is empty, all requests have ended, and `serve` is done with what it has. What it gives up,
   * when its signal aborts, are events in the queue and those that are worked on: their signals abort, and who asked
   * gets a `DriverClosedError`.
   */
  close(options?: CloseOptions): Promise<Closed> {
    if (!this.#queue.closed) this.#queue.shut();
    return this.#closing.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
