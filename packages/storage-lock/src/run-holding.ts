import { LockLostError, LockReleaseError, LocksClosedError } from './errors.ts';
import { possessionOf, type HeldLock } from './held-lock.ts';
import type { Possession } from './possession.ts';

/**
 * @internal Runs `routine` inside what the listeners opened for this possession, then releases. A loss outranks what
 * the routine gave or threw; a failed release keeps what the routine threw.
 */
export async function runHolding<R>(lock: HeldLock, routine: (lock: HeldLock) => R | Promise<R>): Promise<R> {
  const possession = possessionOf(lock);
  const { root } = possession.grant;
  let result: R;
  try {
    result = await (root === undefined ? routine(lock) : root.around(() => routine(lock)));
  } catch (thrown) {
    const released = await lock.release().catch((error: unknown) => {
      throw new LockReleaseError(lock.key, error instanceof LockReleaseError ? error.cause : error, thrown);
    });
    throw heldUntilNow(released, possession) ? thrown : overBefore(possession, thrown);
  }
  if (!heldUntilNow(await lock.release(), possession)) throw overBefore(possession);
  return result;
}

function heldUntilNow(released: boolean, { closed }: Possession): boolean {
  return released && closed === undefined;
}

/** Why the lock was over before the routine was done, with what the routine threw as the cause. */
function overBefore({ loss, closed, key }: Possession, cause?: unknown): unknown {
  if (cause === undefined || cause === loss || cause === closed) return loss ?? closed;
  if (loss === undefined) return new LocksClosedError(key, 'held', { cause });
  const { reason, fencingToken, evidence, lostAt } = loss;
  return new LockLostError(key, { reason, fencingToken, evidence, lostAt }, { cause });
}
