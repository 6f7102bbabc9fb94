import { isTraceparent, pseudoBlockers, type Blocker, type LockSnapshot } from '@lockscope/core';
import type { LockRecord } from '@lockscope/storage';

/**
 * @internal The holder of a record, as a waiter sees it; `heldForMs` where it is known. Records are untrusted: a trace
 * context is checked.
 */
export function blockerOf(record: Pick<LockRecord, 'holder' | 'fencingToken'>, heldForMs: number | undefined): Blocker {
  const { traceparent, ...holder } = record.holder;
  return {
    ...holder,
    fencingToken: record.fencingToken,
    ...(Number.isFinite(heldForMs) && { heldForMs: Math.max(0, heldForMs as number) }),
    ...(isTraceparent(traceparent) && { traceparent }),
  };
}

/** @internal The part of a record that events carry. */
export function snapshotOf(
  { key, holder, fencingToken, acquiredAt, expiresAt }: LockRecord,
  depth: number,
): LockSnapshot {
  return { key, ownerId: holder.ownerId, fencingToken, depth, acquiredAt, expiresAt };
}

/** @internal Who stands in the way when the lock is free, but kept for a waiter that came first and has not taken it yet. */
export const nobodyYet: Blocker = Object.freeze({ ownerId: '_next', operation: pseudoBlockers.handoff });
