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

/**
 * What a part of a wait was spent on. `held_by`: somebody had the lock. `handoff`: nobody had it any more, and the waiter
 * did not know yet. `backoff`: the waiter slept, and cannot know who had it. `store`: it waited for the storage.
 * `local_queue`: others of its process were before it, and none of them knew who had the lock.
 */
export const waitSegmentKinds = ['held_by', 'handoff', 'backoff', 'store', 'local_queue'] as const;

/** What a waiter waits for when it is no holder: an operation that starts with `_`, in blame and on a blocker. */
export const pseudoBlockers: {
  readonly handoff: '_handoff';
  readonly backoff: '_backoff';
  readonly store: '_store';
  readonly local_queue: '_local';
} = Object.freeze({ handoff: '_handoff', backoff: '_backoff', store: '_store', local_queue: '_local' });

/**
 * What brought a lease close to its end: the largest part of the time since it was confirmed. `asked_late`: none of the
 * others, whoever renews it simply asked late.
 */
export const riskCauses = ['loop_blocked', 'store_slow', 'renew_failed', 'asked_late'] as const;

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
/** What a part of a wait was spent on. */
export type WaitSegmentKind = (typeof waitSegmentKinds)[number];
/** What brought a lease close to its end. */
export type RiskCause = (typeof riskCauses)[number];
/** What one question to the storage gave. */
export type AttemptResult = (typeof attemptResults)[number];
