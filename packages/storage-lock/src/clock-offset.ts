import type { Grant } from './grant.ts';

/** @internal How far the storage's clock is ahead of `wallNow`, by an answer that has just come: half of its way ago. */
export function offsetOf(storageNow: number, wallNow: number, roundTripMs: number): number {
  return Math.round(storageNow - (wallNow - roundTripMs / 2));
}

/**
 * @internal The same by the grant, from what is known of it anyway: the storage decided one lease before its end, and the
 * tree of events says when it began. Undefined when the storage was not asked, or nobody listens.
 */
export function offsetAtGrant(
  { root, record, firstLeaseMs, beganAt, waitMs, unrecorded }: Grant,
  grantedAt: number,
): number | undefined {
  if (root === undefined || unrecorded) return undefined;
  return offsetOf(record.expiresAt - firstLeaseMs, root.event.startedAt + waitMs, grantedAt - beganAt);
}
