/** How a lock is held. */
export const lockModes = ['exclusive', 'shared', 'semaphore'] as const;

/** How an acquire ends: exactly one of these. `not_acquired` is a try that found the lock busy, not an error. */
export const acquireOutcomes = ['acquired', 'not_acquired', 'timeout', 'aborted', 'deadlock', 'error'] as const;

/** How a possession ends: exactly one of these. */
export const releaseReasons = ['released', 'lost', 'release_failed'] as const;

/** Why a holder no longer has its lock. */
export const lostReasons = ['expired', 'stolen', 'forced', 'unreachable', 'stalled'] as const;

/** How a renewal ends. `abandoned`: nobody waited for the answer any more. */
export const renewOutcomes = ['renewed', 'failed', 'lost', 'abandoned'] as const;

/** What one question to the storage gave. */
export const attemptResults = ['acquired', 'busy', 'error'] as const;

/** How a lock is held. Semaphores and shared locks report themselves here, so that metrics can tell them apart. */
export type LockMode = (typeof lockModes)[number];
/** How an acquire ends. */
export type AcquireOutcome = (typeof acquireOutcomes)[number];
/** How a possession ends. */
export type ReleaseReason = (typeof releaseReasons)[number];
/** Why a holder no longer has its lock. */
export type LostReason = (typeof lostReasons)[number];
/** How a renewal ends. */
export type RenewOutcome = (typeof renewOutcomes)[number];
/** What one question to the storage gave. */
export type AttemptResult = (typeof attemptResults)[number];
