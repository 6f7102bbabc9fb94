import type { AcquireResult, Granted, LockState, RenewResult } from '@lockscope/storage';
import type { Ballot, Said } from './ballot.ts';
import type { Voter } from './voter.ts';
import type { Refusal } from './voting.ts';

/** A vote for the lease that asked. */
export interface Grant {
  readonly voter: Voter;
  readonly result: Granted;
}

/** Who gave the lock. */
export function grantsOf({ yes }: Ballot<AcquireResult>): Grant[] {
  return yes.flatMap(({ voter, value }) => (value.acquired ? [{ voter, result: value }] : []));
}

/** Those that refused, with what they say of who has it. */
export function refusals(no: readonly Said<AcquireResult | RenewResult>[]): Refusal[] {
  return no.map(({ voter, value }) => ({ voter, value: 'record' in value ? { record: value.record } : {} }));
}

/** Notes by how much clocks differ. An answer was decided between its question and its arrival: take the middle. */
export function hear(ballot: Ballot<{ readonly storageNow: number }>): void {
  for (const { voter, ms, value } of ballot.values) voter.heard(value.storageNow, ballot.startedAt + ms / 2);
}

/** How many say the same, at most. */
export function agreeing(states: readonly LockState[]): number {
  const counts = new Map<string | undefined, number>();
  for (const { record } of states) counts.set(record?.leaseId, (counts.get(record?.leaseId) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}

/** Changes for one lease reach a storage in order; those for different leases do not wait for each other. */
export function laneOf(key: string, leaseId: string): string {
  return `${leaseId} ${key}`;
}
