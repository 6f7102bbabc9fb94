import type { Blocker } from '@lockscope/core';
import type { LockRecord, LockState } from '@lockscope/storage';
import { blockerOf } from './blocker.ts';
import type { LockRegistry } from './lock-registry.ts';

/** What is known of a lock when somebody asks. Times are epoch milliseconds by the storage's clock. */
export interface LockInfo {
  readonly key: string;
  readonly name: string;
  /** Undefined when nobody has it. */
  readonly holder: (Blocker & { readonly acquiredAt: number; readonly expiresAt: number }) | undefined;
  /** The others who share it with `holder`, first come first. */
  readonly sharers?: readonly (Blocker & { readonly acquiredAt: number; readonly expiresAt: number })[];
  /** Those who wait, first come first: the ones on record, then the others of this process. */
  readonly waiters: readonly { readonly ownerId: string; readonly operation?: string; readonly since?: number }[];
}

/** @internal What is known of a lock: by the storage, and by this process. */
export function describeLock(
  registry: LockRegistry,
  key: string,
  { record, sharers = [], waiters, storageNow }: LockState,
): LockInfo {
  const told = new Map<string, LockInfo['waiters'][number]>();
  for (const { holder, since } of waiters)
    if (!told.has(holder.ownerId)) told.set(holder.ownerId, { ...holder, since });
  // Those who have not waited for long are not on record yet.
  for (const { ownerId } of registry.places.get(key)?.waiting ?? [])
    if (!told.has(ownerId)) told.set(ownerId, { ownerId });
  return {
    key,
    name: registry.nameOf(key),
    holder: record && holderOf(record, storageNow),
    ...(sharers.length > 0 && { sharers: sharers.map((sharer) => holderOf(sharer, storageNow)) }),
    waiters: [...told.values()],
  };
}

function holderOf(record: LockRecord, storageNow: number): NonNullable<LockInfo['holder']> {
  const { acquiredAt, expiresAt } = record;
  return { ...blockerOf(record, storageNow - acquiredAt), acquiredAt, expiresAt };
}
