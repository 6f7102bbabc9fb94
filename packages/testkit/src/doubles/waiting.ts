import type { AcquireRequest, AcquireResult, LockStorage } from '@lockscope/storage';

import { handingOver, hearingAgain, onTurns, onTurnsBut } from './caught-by.ts';
import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

const requests = sharedBy(() => new Map<string, AcquireRequest>());

/** Takes others off the record, lets this one have the lock, and puts the others back. */
async function favour(
  storage: LockStorage,
  request: AcquireRequest,
  others: readonly (AcquireRequest | undefined)[],
): Promise<AcquireResult> {
  for (const other of others) if (other !== undefined) await storage.leave?.(other.key, other.leaseId);
  const result = await storage.acquire(request);
  for (const other of others) if (other !== undefined) await storage.acquire(other);
  return result;
}

async function forgetAll(storage: LockStorage, key: string): Promise<void> {
  for (const { leaseId } of (await storage.read(key)).waiters) await storage.leave?.(key, leaseId);
}

export const waitingDoubles: readonly StorageDouble[] = [
  {
    name: 'serves who came last',
    caughtBy: [
      'queue: a released lock goes to who came first, then to the second',
      'queue: a lock whose lease ran out goes to who came first, then to the second',
      'queue: a lock that was taken away goes to who came first, then to the second',
      'queue: ten are served in the order in which they came',
      'queue: who got the lock does not wait any more',
      'queue: who gets the lock is told how many still wait, or nothing of it',
      'queue: who leaves lets the next one in',
      'behind: they are no waiters of their own: nobody is sent behind them, and they go with whom they wait behind',
      'hand-over: a waiter that does not watch is not handed the lock: it is kept for it',
      'share: who wants it alone waits for all who share it, and nobody passes it',
      'share: those who wait behind one that wants it alone come in together after it',
      ...onTurnsBut('renewed', 'forced', 'forgotten', 'own', 'handed', 'shared'),
    ],
    wrap: (storage, world) =>
      withChanges(storage, {
        async acquire(request) {
          requests(world).set(request.leaseId, request);
          const { record, waiters, storageNow } = await storage.read(request.key);
          const place = waiters.findIndex(({ leaseId }) => leaseId === request.leaseId);
          if (record !== undefined || place === -1) return storage.acquire(request);
          const ahead = waiters.length - 1 - place;
          if (ahead > 0) return { acquired: false, record, ahead, storageNow };
          return favour(
            storage,
            request,
            waiters.slice(0, place).map(({ leaseId }) => requests(world).get(leaseId)),
          );
        },
      }),
  },
  {
    name: 'lets in who does not wait, before those who do',
    caughtBy: [
      'queue: a released lock goes to who came first, then to the second',
      'queue: a lock whose lease ran out goes to who came first, then to the second',
      'queue: a lock that was taken away goes to who came first, then to the second',
      'queue: a free lock is not kept for a waiter that was forgotten',
      ...onTurns('told', 'renewed'),
    ],
    wrap: (storage, world) =>
      withChanges(storage, {
        async acquire(request) {
          requests(world).set(request.leaseId, request);
          const { record, waiters } = await storage.read(request.key);
          if (record !== undefined || request.waitMs !== undefined) return storage.acquire(request);
          return favour(
            storage,
            request,
            waiters.map(({ leaseId }) => requests(world).get(leaseId)),
          );
        },
      }),
  },
  {
    name: 'lets in who begins to wait, before those who do already',
    caughtBy: ['queue: who begins to wait while the lock is kept for others comes behind them', ...onTurns('kept')],
    wrap: (storage, world) =>
      withChanges(storage, {
        async acquire(request) {
          requests(world).set(request.leaseId, request);
          const { record, waiters } = await storage.read(request.key);
          const known = waiters.some(({ leaseId }) => leaseId === request.leaseId);
          if (record !== undefined || known || request.waitMs === undefined) return storage.acquire(request);
          const others = waiters.map(({ leaseId }) => requests(world).get(leaseId));
          return favour(storage, request, others);
        },
      }),
  },
  {
    name: 'puts nobody on record who waits',
    caughtBy: [
      'queue: waiters are on record: who, since when, first come first',
      'queue: a lock is listed with those who wait for it',
      'queue: who is refused is told how many come before',
      'queue: a released lock goes to who came first, then to the second',
      'queue: who begins to wait while the lock is kept for others comes behind them',
      'queue: a lock whose lease ran out goes to who came first, then to the second',
      'queue: a lock that was taken away goes to who came first, then to the second',
      'queue: ten are served in the order in which they came',
      'queue: a later attempt keeps the place',
      'queue: who got the lock does not wait any more',
      'queue: who gets the lock is told how many still wait, or nothing of it',
      'queue: a waiter is forgotten waitMs after its last attempt',
      'queue: a free lock is not kept for a waiter that was forgotten',
      'queue: every attempt gives the waiter its time anew',
      'queue: who leaves is off the record, and leaving again does nothing',
      'queue: who leaves lets the next one in',
      'queue: who leaves and does not wait changes nothing, also for a key that nobody knows',
      'behind: those who wait behind another are on record after it, with its lease',
      'behind: since when they wait is told by the clock of the storage',
      'behind: a later attempt says anew who waits behind',
      'behind: they are no waiters of their own: nobody is sent behind them, and they go with whom they wait behind',
      'behind: of those behind, 100 are on record',
      'news: who waits and watches is told when the lock is released',
      'news: who waits and watches on another instance is told when the lock is released',
      'news: who waits and watches is told when the lock is taken away',
      'news: who has taken the way out hears nothing more, and others still do',
      'news: never comes from inside another call',
      ...handingOver,
      'share: who wants it alone waits for all who share it, and nobody passes it',
      'share: when one releases, the first that waits for a place gets it',
      'share: with how many a waiter would share is on record',
      ...hearingAgain,
      ...onTurnsBut('quiet', 'handed'),
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async acquire(request) {
          const result = await storage.acquire(request);
          if (!result.acquired) await storage.leave?.(request.key, request.leaseId);
          return result;
        },
      }),
  },
  {
    name: 'loses the waiters when the lock is released',
    caughtBy: [
      'queue: a released lock goes to who came first, then to the second',
      'queue: who begins to wait while the lock is kept for others comes behind them',
      'queue: ten are served in the order in which they came',
      'queue: who got the lock does not wait any more',
      'queue: who gets the lock is told how many still wait, or nothing of it',
      'queue: a free lock is not kept for a waiter that was forgotten',
      'queue: who leaves lets the next one in',
      'behind: they are no waiters of their own: nobody is sent behind them, and they go with whom they wait behind',
      'hand-over: a released lock is handed to the first waiter that watches, and it is told everything',
      'hand-over: several are served in the order in which they came, on two instances',
      'hand-over: a waiter that does not watch is not handed the lock: it is kept for it',
      'hand-over: when the head of a free lock leaves, the next one is handed the lock',
      'hand-over: who gives up when the lock was just handed to it gives it back',
      'share: who wants it alone waits for all who share it, and nobody passes it',
      'share: when one releases, the first that waits for a place gets it',
      'share: who wants it alone is handed it when the last of those who share it releases',
      'share: all who would share it and wait at the head are handed it together',
      ...onTurnsBut('expired', 'forced', 'quiet'),
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async release(key, leaseId) {
          const result = await storage.release(key, leaseId);
          if (result.released) await forgetAll(storage, key);
          return result;
        },
      }),
  },
  {
    name: 'loses the waiters when the lock is taken away',
    caughtBy: ['queue: a lock that was taken away goes to who came first, then to the second', ...onTurns('forced')],
    wrap: (storage) =>
      withChanges(storage, {
        async forceRelease(key) {
          const record = await storage.forceRelease(key);
          await forgetAll(storage, key);
          return record;
        },
      }),
  },
  {
    name: 'sends a waiter to the end each time it asks',
    caughtBy: [
      'queue: a later attempt keeps the place',
      'queue: a later attempt does not change since when it waits',
      'share: those who wait behind one that wants it alone come in together after it',
      'share: when one releases, the first that waits for a place gets it',
      ...onTurns('told', 'again', 'before', 'most', 'shared'),
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async acquire(request) {
          const { record } = await storage.read(request.key);
          const waits = record !== undefined && record.leaseId !== request.leaseId;
          if (waits) await storage.leave?.(request.key, request.leaseId);
          return storage.acquire(request);
        },
      }),
  },
  {
    name: 'does not say how many come before',
    caughtBy: [
      'queue: who is refused is told how many come before',
      'queue: a released lock goes to who came first, then to the second',
      'queue: who begins to wait while the lock is kept for others comes behind them',
      'queue: a lock whose lease ran out goes to who came first, then to the second',
      'queue: a lock that was taken away goes to who came first, then to the second',
      'queue: a later attempt keeps the place',
      'queue: who leaves is off the record, and leaving again does nothing',
      'behind: they are no waiters of their own: nobody is sent behind them, and they go with whom they wait behind',
      'share: who wants it alone waits for all who share it, and nobody passes it',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async acquire(request) {
          const result = await storage.acquire(request);
          return result.acquired ? result : { ...result, ahead: undefined };
        },
      }),
  },
];
