import { LockLostError, LockReleaseError } from './errors.ts';
import { possessionOf, type HeldLock } from './held-lock.ts';

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
    if (!released && thrown !== possession.loss) throw lostDuring(possession.loss, thrown);
    throw thrown;
  }
  if (!(await lock.release())) throw lostDuring(possession.loss);
  return result;
}

function lostDuring(loss: LockLostError | undefined, cause?: unknown): unknown {
  if (loss === undefined || cause === undefined) return loss;
  const { key, reason, fencingToken, evidence, lostAt } = loss;
  return new LockLostError(key, { reason, fencingToken, evidence, lostAt }, { cause });
}
