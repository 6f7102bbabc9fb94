import type { Companion, LockStorage, WaiterRecord } from '@lockscope/storage';

import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

const known = sharedBy(() => new Map<string, readonly Companion[]>());

/** Those behind go through `change` before they are put on record. */
function putting(
  storage: LockStorage,
  change: (behind: readonly Companion[], leaseId: string) => readonly Companion[],
): LockStorage {
  return withChanges(storage, {
    acquire: ({ behind = [], ...request }) => storage.acquire({ ...request, behind: change(behind, request.leaseId) }),
  });
}

export const companionDoubles: readonly StorageDouble[] = [
  {
    name: 'does not put on record who waits behind another',
    caughtBy: [
      'behind: those who wait behind another are on record after it, with its lease',
      'behind: since when they wait is told by the clock of the storage',
      'behind: a later attempt says anew who waits behind',
      'behind: of those behind, 100 are on record',
    ],
    wrap: (storage) => putting(storage, () => []),
  },
  {
    name: 'keeps on record who waited behind another at first',
    caughtBy: ['behind: a later attempt says anew who waits behind'],
    wrap: (storage, world) =>
      putting(storage, (behind, leaseId) => {
        const first = known(world).get(leaseId) ?? behind;
        known(world).set(leaseId, first);
        return first;
      }),
  },
  {
    name: 'says that those behind wait since now',
    caughtBy: ['behind: since when they wait is told by the clock of the storage'],
    wrap: (storage) => putting(storage, (behind) => behind.map(({ holder }) => ({ holder, waitedMs: 0 }))),
  },
  {
    name: 'keeps any number on record of those behind',
    caughtBy: ['behind: of those behind, 100 are on record'],
    wrap: (storage, world) => {
      const noted = putting(storage, (behind, leaseId) => {
        known(world).set(leaseId, behind);
        return behind;
      });
      return withChanges(noted, {
        async read(key) {
          const state = await storage.read(key);
          const waiters = state.waiters.flatMap((waiter, index): WaiterRecord[] => {
            if (state.waiters[index + 1]?.leaseId === waiter.leaseId) return [waiter];
            const cut = (known(world).get(waiter.leaseId) ?? []).slice(100);
            return [waiter, ...cut.map(({ holder }) => ({ ...waiter, holder }))];
          });
          return { ...state, waiters };
        },
      });
    },
  },
  {
    name: 'counts those behind as if they came before others',
    caughtBy: [
      'behind: they are no waiters of their own: nobody is sent behind them, and they go with whom they wait behind',
      'connection: that breaks under an attempt leaves a lock that the same lease can have',
    ],
    wrap: (storage, world) => {
      const noted = putting(storage, (behind, leaseId) => {
        known(world).set(leaseId, behind);
        return behind;
      });
      return withChanges(noted, {
        async acquire(request) {
          const result = await noted.acquire(request);
          if (result.acquired || result.ahead === undefined) return result;
          const { waiters } = await storage.read(request.key);
          const before = waiters.findIndex(({ leaseId }) => leaseId === request.leaseId);
          return before === -1 ? result : { ...result, ahead: before };
        },
      });
    },
  },
  {
    name: 'counts who got the lock among those who wait',
    caughtBy: ['queue: who gets the lock is told how many still wait, or nothing of it'],
    wrap: (storage) =>
      withChanges(storage, {
        async acquire(request) {
          const result = await storage.acquire(request);
          return result.acquired ? { ...result, waiting: (result.waiting ?? 0) + 1 } : result;
        },
      }),
  },
];
