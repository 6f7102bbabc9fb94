/** Calls a hook of the user that may throw, or give a promise that rejects: `failed` is told, nobody else notices. */
export function tell<Args extends readonly unknown[]>(
  hook: ((...args: Args) => unknown) | undefined,
  failed: () => void,
  ...args: Args
): void {
  if (hook === undefined) return;
  try {
    const given = hook(...args);
    if (typeof given === 'object' && given !== null) void Promise.resolve(given).then(undefined, failed);
  } catch {
    failed();
  }
}
