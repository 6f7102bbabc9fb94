import type { Closed, CloseOptions } from '../../closable.ts';
import { SinkClosedError } from '../sink-closed-error.ts';
import type { WriteOptions } from '../sink.ts';
import { Closing } from './closing.ts';
import { done, isThenable } from './done.ts';
import { joinSignals, untilAborted } from './signals.ts';

/** What a sink is that keeps nothing: a write is committed when what is behind has committed it. */
export class Passing<T> {
  readonly #commit: (event: T, signal: AbortSignal) => unknown;
  readonly #closing: Closing;
  #running = 0;
  #idle: (() => void) | undefined;

  /**
   * @param owner the sink
   * @param commit commits an event; may throw or reject
   * @param end closes what is behind, when no write runs any more, and gives how many events that gave up
   */
  constructor(
    owner: object,
    commit: (event: T, signal: AbortSignal) => unknown,
    end: (signal: AbortSignal) => Promise<number>,
  ) {
    this.#commit = commit;
    this.#closing = new Closing(owner, (signal) => this.#end(signal, end));
  }

  /** Writes that run. */
  get running(): number {
    return this.#running;
  }

  write(event: T, options?: WriteOptions): Promise<void> {
    if (this.#closing.begun) return Promise.reject(new SinkClosedError());
    const given = options?.signal;
    if (given?.aborted === true) return Promise.reject(given.reason as Error);
    const own = this.#closing.signal;
    const joined = given === undefined ? undefined : joinSignals(given, own);
    const signal = joined?.signal ?? own;
    let committed: unknown;
    try {
      committed = this.#commit(event, signal);
    } catch (error) {
      joined?.release();
      return Promise.reject(error);
    }
    if (committed === done || !isThenable(committed)) {
      joined?.release();
      return done;
    }
    return this.#wait(committed, signal, joined);
  }

  close(options?: CloseOptions): Promise<Closed> {
    return this.#closing.close(options);
  }

  async #wait(
    committed: PromiseLike<unknown>,
    signal: AbortSignal,
    joined: { release(): void } | undefined,
  ): Promise<void> {
    this.#running += 1;
    try {
      await untilAborted(committed, signal);
    } finally {
      joined?.release();
      this.#running -= 1;
      if (this.#running === 0) this.#idle?.();
    }
  }

  async #end(signal: AbortSignal, end: (signal: AbortSignal) => Promise<number>): Promise<Closed> {
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    return { undelivered: await end(signal) };
  }
}
