const longestTimerMs = 2 ** 31 - 1;

/**
 * Keeps the process alive until the promise has settled, when it hangs on a signal: those of `AbortSignal.timeout` do
 * not, and somebody waits for the count that a close gives at its deadline.
 */
export function awake<V>(promise: Promise<V>, signal: AbortSignal | undefined): Promise<V> {
  if (signal === undefined || signal.aborted) return promise;
  const alive = setInterval(() => {}, longestTimerMs);
  const sleep = (): void => clearInterval(alive);
  promise.then(sleep, sleep);
  return promise;
}
