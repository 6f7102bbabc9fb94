import type { Channel, TracingChannel } from 'node:diagnostics_channel';
import { toEventError, type Event } from '@lockscope/core';

import type { LockTrace } from './messages.ts';
import { publish, runStores } from './publish.ts';

/** What a program does with its lock, told from its start to its end. */
export class TracedRun {
  readonly #channels: TracingChannel<unknown, object>;
  readonly #trace: LockTrace;
  readonly #faults: unknown[] = [];
  readonly #given: Promise<void>[] = [];

  constructor(channels: TracingChannel<unknown, object>, event: Event) {
    this.#channels = channels;
    this.#trace = { event };
  }

  /** Gives what `fn` gives; a promise that also rejects, once `fn` is done, when a subscriber failed. */
  run<T>(fn: () => T): T {
    const { start } = this.#channels;
    const given = runStores(
      start,
      this.#trace,
      () => this.#call(fn),
      (error) => this.#faults.push(error),
    );
    if (given instanceof Promise) return given.then(...this.#settled()) as T;
    this.#report();
    return given;
  }

  #call<T>(fn: () => T): T {
    const { start, end } = this.#channels;
    this.#tell(start);
    try {
      return fn();
    } catch (error) {
      this.#failed(error);
      throw error;
    } finally {
      this.#tell(end);
    }
  }

  #settled(): [(value: unknown) => Promise<unknown>, (error: unknown) => Promise<never>] {
    return [
      async (value) => {
        await this.#ended();
        return value;
      },
      async (error) => {
        this.#failed(error);
        await this.#ended();
        throw error;
      },
    ];
  }

  async #ended(): Promise<void> {
    this.#tell(this.#channels.asyncStart);
    this.#tell(this.#channels.asyncEnd);
    this.#report();
    await Promise.all(this.#given);
  }

  #failed(error: unknown): void {
    this.#trace.error = toEventError(error);
    this.#tell(this.#channels.error);
  }

  #tell(channel: Channel): void {
    try {
      const given = publish(channel, this.#trace);
      if (given !== undefined) this.#given.push(given);
    } catch (error) {
      this.#faults.push(error);
    }
  }

  #report(): void {
    if (this.#faults.length > 0) throw this.#faults[0];
  }
}
