import type { LockRecord, Predecessor } from '@lockscope/storage';
import type { Voter } from './voter.ts';

/** What one voter has on record. */
export interface Entry {
  readonly voter: Voter;
  readonly record: LockRecord | undefined;
}

/** How many a majority is. */
export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** The value that so many are not above. */
export function smallest(values: readonly number[], rank: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(rank, values.length) - 1] ?? 0;
}

/** Who is named by most, and how often; undefined when nobody is named. */
export function mostNamed(entries: readonly Entry[], majority: number): Named | undefined {
  const byLease = new Map<string, LockRecord[]>();
  for (const { voter, record } of entries) {
    if (record === undefined) continue;
    const records = byLease.get(record.leaseId) ?? [];
    records.push(voter.local(record));
    byLease.set(record.leaseId, records);
  }
  const [first] = [...byLease.values()].toSorted((a, b) => b.length - a.length);
  return first === undefined ? undefined : { record: merged(first, majority), count: first.length };
}

/** A record and how many have it. */
export interface Named {
  readonly record: LockRecord;
  readonly count: number;
}

/** One record of several of the same lease: what a majority of them stands for. */
function merged(records: readonly LockRecord[], majority: number): LockRecord {
  const [first] = records as readonly [LockRecord, ...LockRecord[]];
  return Object.freeze({
    ...first,
    fencingToken: smallest(tokensOf(records), majority),
    acquiredAt: smallest(
      records.map(({ acquiredAt }) => acquiredAt),
      majority,
    ),
    // A majority stands until the last but enough of them end.
    expiresAt: -smallest(
      records.map(({ expiresAt }) => -expiresAt),
      majority,
    ),
  });
}

export function tokensOf(records: readonly LockRecord[]): number[] {
  return records.map(({ fencingToken }) => fencingToken);
}

/** The last of the predecessors that voters tell of: one that missed a possession tells of an earlier one. */
export function lastOf(predecessors: readonly (Predecessor | undefined)[]): Predecessor | undefined {
  return predecessors
    .filter((predecessor) => predecessor !== undefined)
    .toSorted((a, b) => b.fencingToken - a.fencingToken)[0];
}
