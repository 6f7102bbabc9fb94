import type { Blocker, LossEvidence, LostReason } from '@lockscope/core';

/**
 * What every error of a lock has. Recognise them by `code`, which also works across two copies of this package.
 */
export abstract class LockError extends Error {
  abstract readonly code: string;
  readonly key: string;

  constructor(key: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.key = key;
  }
}

/** The lock was busy until the waiting time was over. Contention, not a failure of anything. */
export class LockTimeoutError extends LockError {
  readonly code = 'LOCK_TIMEOUT';
  readonly waitedMs: number;
  /** Who had the lock when it was last seen; undefined when no answer came in time. */
  readonly holder: Blocker | undefined;

  constructor(key: string, waitedMs: number, holder: Blocker | undefined, options?: ErrorOptions) {
    const why = holder === undefined ? 'the storage gave no answer in time' : `it is held by ${describeHolder(holder)}`;
    super(key, `could not acquire ${JSON.stringify(key)} within ${Math.round(waitedMs)} ms: ${why}`, options);
    this.waitedMs = waitedMs;
    this.holder = holder;
  }
}

/** The caller gave up: its AbortSignal fired, and its reason is the `cause`. No lock was left behind. */
export class LockAbortedError extends LockError {
  readonly code = 'LOCK_ABORTED';

  constructor(key: string, cause: unknown) {
    super(key, `acquiring ${JSON.stringify(key)} was aborted: ${describe(cause)}`, { cause });
  }
}

/**
 * The same owner shares the lock already and wants it alone: it would wait for itself. Release the shared one first; what
 * was read under it has to be read again.
 */
export class LockDeadlockError extends LockError {
  readonly code = 'LOCK_DEADLOCK';
  readonly ownerId: string;

  constructor(key: string, ownerId: string) {
    super(key, `${ownerId} shares ${JSON.stringify(key)} already, so it would wait for itself to have it alone`);
    this.ownerId = ownerId;
  }
}

/** The storage failed; nobody knows more. An outage, not contention. `cause` is what the storage threw. */
export class LockStorageError extends LockError {
  readonly code = 'LOCK_STORAGE_FAILED';
  readonly operation: string;

  constructor(key: string, operation: string, cause: unknown) {
    super(key, `could not ${operation} ${JSON.stringify(key)}: ${describe(cause)}`, { cause });
    this.operation = operation;
  }
}

const lostBecause: Readonly<Record<LostReason, string>> = {
  expired: 'its lease ran out',
  stolen: 'somebody else has it',
  forced: 'it was released by force',
  unreachable: 'the storage did not answer before the lease was over',
  stalled: 'this process was too busy to renew it in time',
};

/**
 * The lock is no longer held, although it was not released. Whatever it protects may be in use by somebody else since
 * `lostAt`. When `run()` rejects with this, `cause` is what the routine itself threw, if it did.
 */
export class LockLostError extends LockError {
  readonly code = 'LOCK_LOST';
  readonly reason: LostReason;
  readonly fencingToken: number;
  readonly evidence: LossEvidence;
  /** Epoch milliseconds. */
  readonly lostAt: number;

  constructor(
    key: string,
    loss: { reason: LostReason; fencingToken: number; evidence: LossEvidence; lostAt: number },
    options?: ErrorOptions,
  ) {
    const { reason, fencingToken, evidence, lostAt } = loss;
    const successor = evidence.successor === undefined ? '' : `, now held by ${describeHolder(evidence.successor)}`;
    const blocked = reason === 'stalled' ? ` (event loop blocked for ${Math.round(evidence.eventLoopDelayMs)} ms)` : '';
    super(
      key,
      `lost ${JSON.stringify(key)} (token ${fencingToken}): ${lostBecause[reason]}${blocked}${successor}`,
      options,
    );
    this.reason = reason;
    this.fencingToken = fencingToken;
    this.evidence = evidence;
    this.lostAt = lostAt;
  }
}

/**
 * The lock could not be given back, so others wait until its lease is over. `cause` is the storage's error;
 * `suppressed` is what the routine of `run()` threw before, if it did.
 */
export class LockReleaseError extends LockError {
  readonly code = 'LOCK_RELEASE_FAILED';
  readonly suppressed: unknown;

  constructor(key: string, cause: unknown, suppressed?: unknown) {
    super(
      key,
      `could not release ${JSON.stringify(key)}, it stays locked until its lease is over: ${describe(cause)}`,
      { cause },
    );
    this.suppressed = suppressed;
  }
}

/** The handle was released before, so it cannot vouch for the lock any more. */
export class LockReleasedError extends LockError {
  readonly code = 'LOCK_RELEASED';

  constructor(key: string) {
    super(key, `${JSON.stringify(key)} was released through this handle before`);
  }
}

/** The watchdog that the `watchdog` option made could not start; the lock was given back. */
export class WatchdogError extends LockError {
  readonly code = 'WATCHDOG_FAILED';

  constructor(key: string, cause: unknown) {
    super(key, `the watchdog of ${JSON.stringify(key)} could not start: ${describe(cause)}`, { cause });
  }
}

/**
 * `close()` was called on these locks. When `run()` rejects with this, the lock was given back before its routine was
 * done, and `cause` is what the routine threw, if it did.
 */
export class LocksClosedError extends LockError {
  readonly code = 'LOCKS_CLOSED';

  constructor(key: string, at: 'acquire' | 'held' = 'acquire', options?: ErrorOptions) {
    const text = JSON.stringify(key);
    const what = at === 'held' ? `${text} was given back before its holder was done` : `cannot acquire ${text}`;
    super(key, `${what}: these locks have been closed`, options);
  }
}

/** @internal The text of what was thrown, whatever was thrown. */
export function describe(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return 'a value that has no text';
  }
}

function describeHolder({ ownerId, operation, fencingToken, heldForMs }: Blocker): string {
  const facts = [
    operation,
    fencingToken === undefined ? undefined : `token ${fencingToken}`,
    heldForMs === undefined ? undefined : `for ${(heldForMs / 1000).toFixed(2)} s`,
  ].filter((fact) => fact !== undefined);
  return facts.length === 0 ? ownerId : `${ownerId} (${facts.join(', ')})`;
}
