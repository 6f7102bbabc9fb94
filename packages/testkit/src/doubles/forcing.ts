import type { LockStorage, ReleaseResult, RenewResult } from '@lockscope/storage';

import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

type Refusal = Extract<RenewResult, { renewed: false }> | ReleaseResult;

const ever = sharedBy(() => new Map<string, Set<string>>());
const taken = sharedBy(() => new Set<string>());
const watchers = sharedBy(() => new Map<string, Set<() => void>>());
const none = (): void => undefined;

/** What it says of force, when it refuses a renewal or a release, goes through `decide`. */
function refusing(
  storage: LockStorage,
  decide: (refusal: Refusal, key: string, leaseId: string) => boolean | undefined,
): LockStorage {
  const change = <R extends Refusal>({ forced, ...refusal }: R, key: string, leaseId: string): R => {
    const decided = decide({ ...refusal, forced } as R, key, leaseId);
    return { ...refusal, ...(decided !== undefined && { forced: decided }) } as R;
  };
  return withChanges(storage, {
    async renew(key, leaseId, leaseMs, update) {
      const result = await storage.renew(key, leaseId, leaseMs, update);
      return result.renewed ? result : change(result, key, leaseId);
    },
    async release(key, leaseId) {
      const result = await storage.release(key, leaseId);
      return result.released ? result : change(result, key, leaseId);
    },
  });
}

/** Notes every lease that had a key. */
function noting(storage: LockStorage, leases: Map<string, Set<string>>): Pick<LockStorage, 'acquire'> {
  return {
    async acquire(request) {
      const result = await storage.acquire(request);
      const ofKey = leases.get(request.key) ?? new Set();
      if (result.acquired) leases.set(request.key, ofKey.add(request.leaseId));
      return result;
    },
  };
}

export const forcingDoubles: readonly StorageDouble[] = [
  {
    name: 'does not remember who lost a lock by force',
    caughtBy: [
      'share: a force release takes it away from all, gives the first, and each is told why',
      'renew many: each is answered as if it were alone, in the order of the requests',
      'force release: who lost the lock by force is told so when it renews and when it releases',
      'force release: who lost the lock by force is told so although somebody else has it by now',
    ],
    wrap: (storage) => refusing(storage, () => undefined),
  },
  {
    name: 'forgets who lost a lock by force when somebody else has it',
    caughtBy: [
      'share: a force release takes it away from all, gives the first, and each is told why',
      'force release: who lost the lock by force is told so although somebody else has it by now',
    ],
    wrap: (storage) => refusing(storage, ({ record, forced }) => (record === undefined ? forced : undefined)),
  },
  {
    name: 'says of every lease that it lost by force what it does not have',
    caughtBy: [
      'renew many: each is answered as if it were alone, in the order of the requests',
      'force release: a lease that ran out was not lost by force, also when somebody took over',
      'force release: a lease that ran out before the lock was taken away was not lost by force',
      'force release: a lock that was released was not lost by force, and a stranger lost nothing',
    ],
    wrap: (storage) => refusing(storage, () => true),
  },
  {
    name: 'says of all who ever had a lock that they lost it by force',
    caughtBy: [
      'force release: a lease that ran out before the lock was taken away was not lost by force',
      'force release: a lock that was released was not lost by force, and a stranger lost nothing',
    ],
    wrap: (storage, world) => {
      const leases = ever(world);
      const lost = taken(world);
      return {
        ...refusing(storage, ({ forced }, _key, leaseId) => forced === true || lost.has(leaseId)),
        ...noting(storage, leases),
        forceRelease(key) {
          for (const leaseId of leases.get(key) ?? []) lost.add(leaseId);
          return storage.forceRelease(key);
        },
      };
    },
  },
  {
    name: 'tells nobody that it lost a lock by force',
    caughtBy: [
      'news: the holder that watches is told when its lock is taken away',
      'news: the holder that watches is told when its lock is taken away by another instance',
      'news: that a lock was taken away reaches only who had it',
      'share: all who share it and watch are told when it is taken away',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        watch: (key, leaseId, tell) =>
          storage.watch?.(key, leaseId, (news) => news.type === 'forced' || tell(news)) ?? none,
      }),
  },
  {
    name: 'tells all who watch that they lost a lock by force',
    caughtBy: ['news: that a lock was taken away reaches only who had it'],
    wrap: (storage, world) => {
      const all = watchers(world);
      return withChanges(storage, {
        async forceRelease(key) {
          const record = await storage.forceRelease(key);
          for (const ofLease of all.values()) for (const tell of ofLease) queueMicrotask(tell);
          return record;
        },
        watch(key, leaseId, tell) {
          const ofLease = all.get(leaseId) ?? new Set();
          const entry = (): void => void (ofLease.has(entry) && tell({ type: 'forced' }));
          all.set(leaseId, ofLease.add(entry));
          const stop = storage.watch?.(key, leaseId, tell);
          return () => {
            ofLease.delete(entry);
            stop?.();
          };
        },
      });
    },
  },
  {
    name: 'tells only the first of those who share a lock that they lost it',
    caughtBy: ['share: all who share it and watch are told when it is taken away'],
    wrap: (storage, world) => {
      const quiet = taken(world);
      return withChanges(storage, {
        async forceRelease(key) {
          for (const { leaseId } of (await storage.read(key)).sharers ?? []) quiet.add(leaseId);
          return storage.forceRelease(key);
        },
        watch: (key, leaseId, tell) =>
          storage.watch?.(key, leaseId, (news) => (news.type === 'forced' && quiet.has(leaseId)) || tell(news)) ?? none,
      });
    },
  },
  {
    name: 'tells who releases that the lock was taken away',
    caughtBy: ['news: a release and the end of a lease are not told as if the lock had been taken away'],
    wrap: (storage, world) => {
      const all = watchers(world);
      return withChanges(storage, {
        async release(key, leaseId) {
          const result = await storage.release(key, leaseId);
          if (result.released) for (const tell of all.get(leaseId) ?? []) queueMicrotask(tell);
          return result;
        },
        watch(key, leaseId, tell) {
          const ofLease = all.get(leaseId) ?? new Set();
          const entry = (): void => tell({ type: 'forced' });
          all.set(leaseId, ofLease.add(entry));
          const stop = storage.watch?.(key, leaseId, tell);
          return () => {
            ofLease.delete(entry);
            stop?.();
          };
        },
      });
    },
  },
];
