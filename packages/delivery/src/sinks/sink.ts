import type { Closable } from '../closable.ts';

/** Options of a write. */
export interface WriteOptions {
  /** Gives the write up: it rejects with the signal's reason, and the event may or may not have been committed. */
  readonly signal?: AbortSignal | undefined;
}

/** Where events go. */
export interface Sink<T> extends Closable {
  /**
   * Resolves when the event is committed: this sink answers for it from then on. Rejects when it is not, and the caller
   * may try again. After `close` was called it rejects with a `SinkClosedError`, always.
   */
  write(event: T, options?: WriteOptions): Promise<void>;
}
