import type { LockRecord, LockStorage } from '@lockscope/storage';

/** @internal Hears from the storage when a held lock is taken away by force, where it tells. Gives the way out. */
export function hearOfForce(
  storage: LockStorage,
  { key, leaseId }: LockRecord,
  forced: () => void,
): (() => void) | undefined {
  try {
    return storage.watch?.(key, leaseId, ({ type }) => {
      if (type === 'forced') forced();
    });
  } catch {
    // Then it finds out at its next renewal.
    return undefined;
  }
}

/** @internal News that still come find nobody. */
export function stopHearing(stop: (() => void) | undefined): void {
  try {
    stop?.();
  } catch {
    // A way out that throws has nothing to say to anybody.
  }
}
