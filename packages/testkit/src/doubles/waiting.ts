import type { AcquireRequest, AcquireResult, LockStorage } from '@lockscope/storage';

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
      'queue: who leaves lets the next one in',
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
    caughtBy: ['queue: who begins to wait while the lock is kept for others comes behind them'],
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
      'queue: a waiter is forgotten waitMs after its last attempt',
      'queue: a free lock is not kept for a waiter that was forgotten',
      'queue: every attempt gives the waiter its time anew',
      'queue: who leaves is off the record, and leaving again does nothing',
      'queue: who leaves lets the next one in',
      'queue: who leaves and does not wait changes nothing, also for a key that nobody knows',
      'news: who waits and watches is told when the lock is released',
      'news: who waits and watches on another instance is told when the lock is released',
      'news: who waits and watches is told when the lock is taken away',
      'news: who has taken the way out hears nothing more, and others still do',
      'news: never comes from inside another call',
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
      'queue: a free lock is not kept for a waiter that was forgotten',
      'queue: who leaves lets the next one in',
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
    caughtBy: ['queue: a lock that was taken away goes to who came first, then to the second'],
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
    caughtBy: ['queue: a later attempt keeps the place', 'queue: a later attempt does not change since when it waits'],
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
    name: 'never forgets a waiter that does not come back',
    caughtBy: [
      'queue: a waiter is forgotten waitMs after its last attempt',
      'queue: a free lock is not kept for a waiter that was forgotten',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        acquire: ({ waitMs, ...request }) =>
          storage.acquire(waitMs === undefined ? request : { ...request, waitMs: waitMs * 1000 }),
      }),
  },
  {
    name: 'counts the time of a waiter from its first attempt',
    caughtBy: ['queue: every attempt gives the waiter its time anew'],
    wrap: (storage) =>
      withChanges(storage, {
        async acquire(request) {
          const { waiters, storageNow } = await storage.read(request.key);
          const known = waiters.find(({ leaseId }) => leaseId === request.leaseId);
          if (known === undefined || request.waitMs === undefined) return storage.acquire(request);
          return storage.acquire({ ...request, waitMs: known.since + request.waitMs - storageNow });
        },
      }),
  },
  {
    name: 'puts on record who does not mean to wait',
    caughtBy: [
      'queue: who does not mean to wait is not put on record',
      'queue: a free lock is not kept for a waiter that was forgotten',
    ],
    wrap: (storage) => withChanges(storage, { acquire: (request) => storage.acquire({ waitMs: 600_000, ...request }) }),
  },
  {
    name: 'refuses to let go who is not there',
    caughtBy: [
      'queue: who leaves is off the record, and leaving again does nothing',
      'queue: who leaves and does not wait changes nothing, also for a key that nobody knows',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async leave(key, leaseId) {
          const { waiters } = await storage.read(key);
          if (!waiters.some((waiter) => waiter.leaseId === leaseId)) throw new Error(`${leaseId} does not wait`);
          await storage.leave?.(key, leaseId);
        },
      }),
  },
  {
    name: 'keeps those who leave',
    caughtBy: [
      'queue: who leaves is off the record, and leaving again does nothing',
      'queue: who leaves lets the next one in',
    ],
    wrap: (storage) => withChanges(storage, { leave: async (key) => void (await storage.read(key)) }),
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
