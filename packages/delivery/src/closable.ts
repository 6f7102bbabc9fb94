/** Options of every `close()` here. */
export interface CloseOptions {
  /**
   * Ends the wait: what is not delivered when it aborts is given up and counted. `AbortSignal.timeout(5_000)` makes a
   * deadline. Without it a close waits until everything is delivered. An earlier signal of another caller counts, too.
   */
  readonly signal?: AbortSignal | undefined;
}

/** What a close came to. */
export interface Closed {
  /** How many events had been accepted and were given up. 0 when all were delivered. */
  readonly undelivered: number;
}

/** Whatever takes events and can be closed. */
export interface Closable extends AsyncDisposable {
  /**
   * Takes nothing more from this moment on, delivers what was accepted, and then closes what it delivers to. All who
   * close, at once or later, get the same end. Rejects, when all is done, with what the close of a destination threw:
   * one error as it is, several as an `AggregateError`.
   */
  close(options?: CloseOptions): Promise<Closed>;
}
