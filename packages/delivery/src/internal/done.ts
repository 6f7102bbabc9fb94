/** A promise that has resolved: one for all, because a write that is taken at once should cost none. */
export const done: Promise<void> = Promise.resolve();

/** Calls what a user gave; that it throws, or gives a promise that rejects, harms nobody. */
export function harmless(call: () => unknown, failed: (error: unknown) => void = ignore): void {
  try {
    const given = call();
    if (isThenable(given)) given.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

function ignore(): void {}
