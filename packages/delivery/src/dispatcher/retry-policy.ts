/** How often and when something that failed is tried again. */
export interface RetryPolicy {
  /** Attempts in all, the first included; `Infinity` is allowed. */
  readonly maxAttempts: number;
  /** How long to wait after so many failed attempts (from 1), in milliseconds. */
  readonly delayMs: (failedAttempts: number) => number;
}

/**
 * Four attempts, after waits that are random up to a bound of 2, 3 and 5 s, so that many that failed together do not come
 * back together.
 */
export const defaultRetry: RetryPolicy = Object.freeze({
  maxAttempts: 4,
  delayMs: (failedAttempts: number) => Math.random() * Math.min(20_000, 1_000 + 1_000 * 2 ** (failedAttempts - 1)),
});
