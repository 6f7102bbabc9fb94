import { onTurns } from './caught-by.ts';
import { withChanges, type StorageDouble } from './storage-double.ts';

export const stayingDoubles: readonly StorageDouble[] = [
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
      'hand-over: who did not mean to wait is handed nothing',
      'share: each goes by its own number',
      'share: who wants it alone is refused while it is shared, and who would share it while one has it alone',
      'share: who wants it alone waits for all who share it, and nobody passes it',
      'restart: an attempt that met it can be repeated, and one that was answered still holds',
      ...onTurns('quiet'),
    ],
    wrap: (storage) => withChanges(storage, { acquire: (request) => storage.acquire({ waitMs: 600_000, ...request }) }),
  },
  {
    name: 'refuses to let go who is not there',
    caughtBy: [
      'queue: who leaves is off the record, and leaving again does nothing',
      'queue: who leaves and does not wait changes nothing, also for a key that nobody knows',
      'hand-over: who gives up when the lock was just handed to it gives it back',
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
      'behind: they are no waiters of their own: nobody is sent behind them, and they go with whom they wait behind',
      'hand-over: when the head of a free lock leaves, the next one is handed the lock',
      'hand-over: who left is handed nothing, the next one is',
      'hand-over: who gives up when the lock was just handed to it gives it back',
      'share: when one that wants it alone leaves, those behind it join those who have it',
    ],
    wrap: (storage) => withChanges(storage, { leave: async (key) => void (await storage.read(key)) }),
  },
];
