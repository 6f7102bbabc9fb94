/** @internal Calls a storage; what it throws instead of rejecting becomes a rejection. */
export function callStorage<R>(call: () => Promise<R>): Promise<R> {
  try {
    return call();
  } catch (error) {
    return Promise.reject(error);
  }
}
