import type { Holder } from '@lockscope/storage';
import type { Grant, PassedOn } from './grant.ts';
import type { Lease } from './lease.ts';

/** A process keeps a lock to itself for so long, while others of it wait, before others get their turn. */
const keptToItselfMs = 100;
/** As much of the lease has to be left to be passed on: enough to renew it. */
const leftToPassOnMs = 500;

/** @internal Whether a lock may go to the next of this process without a question to the storage. */
export function mayPassOn({ passedSince, leaseMs }: Grant, { deadline }: Lease, now: number): boolean {
  return now - passedSince <= keptToItselfMs && deadline - now >= Math.min(leftToPassOnMs, leaseMs / 3);
}

/** @internal What `holder` begins with when a lock is passed on to it: the rest of the lease, and the next token. */
export function passOn(grant: Grant, lease: Lease, holder: Holder, heldForMs: number): PassedOn {
  const { record: given, spareTokens, passedSince } = grant;
  const acquiredAt = given.acquiredAt + heldForMs;
  const previous = { holder: given.holder, fencingToken: given.fencingToken, releasedAt: acquiredAt };
  const { confirmedAt: beganAt, deadline } = lease;
  const record = { ...given, holder, fencingToken: given.fencingToken + 1, acquiredAt };
  const firstLeaseMs = deadline - beganAt;
  return {
    previous,
    lease: { record, beganAt, firstLeaseMs, spareTokens: spareTokens - 1, passedSince, unrecorded: true },
  };
}
