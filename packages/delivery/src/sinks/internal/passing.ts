import type { Closed, CloseOptions } from '../../closable.ts';
import { SinkClosedError } from '../sink-closed-error.ts';
import type { WriteOptions } from '../sink.ts';
import { Closing } from '../../internal/closing.ts';
import { done, isThenable } from '../../internal/done.ts';
import { Turn } from './turn.ts';

/** What a sink is that keeps nothing: a write is committed when what is behind has committed it. */
export class Passing<T> {
  readonly #commit: (event: T, turn: Turn) => unknown;
  readonly #closing: Closing;
  #running = 0;
  #idle: (() => void) | undefined;

  /**
   * @param owner the sink
   * @param commit commits an event; may throw or reject
   * @param end closes what is behind, when no write runs any more, and gives how many events that gave up
   */
  constructor(owner: object, commit: (event: T, turn: Turn) => unknown, end: (signal: AbortSignal) => Promise<number>) {
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
    const turn = new Turn(given, this.#closing.signal);
    let committed: unknown;
    try {
      committed = this.#commit(event, turn);
    } catch (error) {
      turn.release();
      return Promise.reject(error);
    }
    if (committed === done || !isThenable(committed)) {
      turn.release();
      return done;
    }
    this.#running += 1;
    return turn.until(committed, this.#ended);
  }

  close(options?: CloseOptions): Promise<Closed> {
    return this.#closing.close(options);
  }

  readonly #ended = (): void => {
    this.#running -= 1;
    if (this.#running === 0) this.#idle?.();
  };

  async #end(signal: AbortSignal, end: (signal: AbortSignal) => Promise<number>): Promise<Closed> {
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    return { undelivered: await end(signal) };
  }
}
