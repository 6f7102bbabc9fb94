/** Says when an attempt may be made, and learns what became of it. One strategy may serve several sinks. */
export interface RetryStrategy<T = unknown> {
  /** Gives leave for the next attempt when its time has come; rejects with the signal's reason when that comes first. */
  proceed(event: T, options: { readonly signal: AbortSignal }): RetryAttempt | Promise<RetryAttempt>;
}

/** One attempt that a strategy gave leave for. Exactly one of these is called, once. */
export interface RetryAttempt {
  success(): void;
  /** True: the event is to be given up. */
  failure(error: unknown): boolean;
  /** It says nothing about the destination: given up by its writer, or refused for what the event is. */
  abandon(): void;
}
