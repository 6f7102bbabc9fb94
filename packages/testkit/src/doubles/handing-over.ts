import type { LeaseNews, LockStorage } from '@lockscope/storage';

import { handingOver, onTurns, onTurnsBut } from './caught-by.ts';
import { sharedBy, telling, withChanges, without, type StorageDouble, type Tell } from './storage-double.ts';

type Handed = Extract<LeaseNews, { type: 'granted' }>;

const none = (): void => undefined;
const handed = sharedBy(() => new Set<string>());
const watching = sharedBy(() => new Map<Tell, string>());
const watches = sharedBy(() => new Set<{ start: () => () => void; stop: () => void }>());
const claimed = sharedBy(() => new Map<string, number>());

/** What is told of a lock that was handed over goes through `change`. */
function handing(storage: LockStorage, change: (news: Handed, tell: Tell) => void): LockStorage {
  return telling(storage, (news, tell) => (news.type === 'granted' ? change(news, tell) : tell(news)));
}

/** The leases to which a lock was handed over are known. */
function noting(storage: LockStorage, leases: Set<string>): LockStorage {
  return handing(storage, (news, tell) => {
    leases.add(news.result.record.leaseId);
    tell(news);
  });
}

export const handingOverDoubles: readonly StorageDouble[] = [
  {
    name: 'tells to ask, and hands nothing over',
    caughtBy: handingOver,
    wrap: (storage, world) => {
      const all = watching(world);
      const ask = (): void => queueMicrotask(() => all.forEach((_, tell) => tell({ type: 'ask' })));
      return withChanges(storage, {
        async release(key, leaseId) {
          const result = await storage.release(key, leaseId);
          ask();
          return result;
        },
        async leave(key, leaseId) {
          await storage.leave?.(key, leaseId);
          ask();
        },
        async forceRelease(key) {
          const { record, sharers = [] } = await storage.read(key);
          const removed = await storage.forceRelease(key);
          const lost = new Set([record, ...sharers].map((one) => one?.leaseId));
          for (const [tell, leaseId] of all) if (lost.has(leaseId)) queueMicrotask(() => tell({ type: 'forced' }));
          ask();
          return removed;
        },
        watch(_key, leaseId, tell) {
          const entry: Tell = (news) => all.has(entry) && tell(news);
          all.set(entry, leaseId);
          return () => void all.delete(entry);
        },
      });
    },
  },
  {
    name: 'hands a lock over for the whole lease',
    caughtBy: [
      'hand-over: a released lock is handed to the first waiter that watches, and it is told everything',
      'hand-over: a claim that nobody takes up ends, and the next in line has the lock',
    ],
    wrap: (storage) => withChanges(storage, { acquire: (request) => storage.acquire(without(request, 'claimMs')) }),
  },
  {
    name: 'hands a lock over for as long as the claim, be it longer than the lease',
    caughtBy: ['hand-over: a claim without a time of its own lasts as long as the lease, and a longer one no longer'],
    wrap: (storage, world) => {
      const claims = claimed(world);
      const watched = handing(storage, ({ type, result }, tell) => {
        const { record } = result;
        const expiresAt = Math.max(record.expiresAt, record.acquiredAt + (claims.get(record.leaseId) ?? 0));
        tell({ type, result: { ...result, record: { ...record, expiresAt } } });
      });
      return withChanges(watched, {
        acquire(request) {
          claims.set(request.leaseId, request.claimMs ?? 0);
          return storage.acquire(request);
        },
      });
    },
  },
  {
    name: 'does not say of whom a lock comes that it hands over',
    caughtBy: [
      'hand-over: a released lock is handed to the first waiter that watches, and it is told everything',
      'hand-over: to a waiter on another instance',
      ...onTurns('handed'),
    ],
    wrap: (storage) =>
      handing(storage, ({ type, result }, tell) => tell({ type, result: { ...result, previous: undefined } })),
  },
  {
    name: 'tells twice that it handed a lock over',
    caughtBy: ['hand-over: a released lock is handed to the first waiter that watches, and it is told everything'],
    wrap: (storage) =>
      handing(storage, (news, tell) => {
        tell(news);
        tell(news);
      }),
  },
  {
    name: 'tells all who watch that they have the lock',
    caughtBy: [
      'hand-over: a released lock is handed to the first waiter that watches, and it is told everything',
      'hand-over: several are served in the order in which they came, on two instances',
      'hand-over: a waiter that does not watch is not handed the lock: it is kept for it',
      'hand-over: who did not mean to wait is handed nothing',
      'hand-over: who left is handed nothing, the next one is',
      'hand-over: who gives up when the lock was just handed to it gives it back',
      'hand-over: news of one lease never reach another',
      'share: all who would share it and wait at the head are handed it together',
      ...onTurns('handed'),
    ],
    wrap: (storage, world) => {
      const all = watching(world);
      return withChanges(storage, {
        watch(key, leaseId, tell) {
          all.set(tell, leaseId);
          const stop = storage.watch?.(key, leaseId, (news) => {
            if (news.type === 'granted') for (const [each] of all) each(news);
            else tell(news);
          });
          return () => {
            all.delete(tell);
            stop?.();
          };
        },
      });
    },
  },
  {
    name: 'tells only one when it hands a lock to several',
    caughtBy: ['share: all who would share it and wait at the head are handed it together'],
    wrap: (storage, world) => {
      const told = handed(world);
      return handing(storage, (news, tell) => {
        const { acquiredAt, key } = news.result.record;
        const moment = `${key} ${acquiredAt}`;
        if (news.result.record.share === undefined || !told.has(moment)) tell(news);
        told.add(moment);
      });
    },
  },
  {
    name: 'hands a lock to who does not watch',
    caughtBy: [
      'hand-over: a waiter that does not watch is not handed the lock: it is kept for it',
      ...onTurnsBut('expired', 'quiet', 'handed'),
    ],
    wrap: (storage) =>
      withChanges(storage, {
        acquire(request) {
          if (request.waitMs !== undefined) storage.watch?.(request.key, request.leaseId, none);
          return storage.acquire(request);
        },
      }),
  },
  {
    name: 'hands a lock to who only tried',
    caughtBy: ['hand-over: who did not mean to wait is handed nothing'],
    wrap: (storage) => {
      const watched = new Set<string>();
      return withChanges(storage, {
        acquire: (request) =>
          storage.acquire(watched.has(request.leaseId) ? { waitMs: request.leaseMs, ...request } : request),
        watch(key, leaseId, tell) {
          watched.add(leaseId);
          return storage.watch?.(key, leaseId, tell) ?? none;
        },
      });
    },
  },
  {
    name: 'does not renew what it handed over',
    caughtBy: ['hand-over: whom it was handed to has it: others are refused, it renews and releases'],
    wrap: (storage, world) => {
      const claims = handed(world);
      const watched = noting(storage, claims);
      return withChanges(watched, {
        async renew(key, leaseId, leaseMs, update) {
          if (!claims.has(leaseId)) return storage.renew(key, leaseId, leaseMs, update);
          const { record, storageNow } = await storage.read(key);
          return { renewed: false, record, storageNow };
        },
      });
    },
  },
  {
    name: 'makes a new possession of one that it handed over when its lease asks',
    caughtBy: ['hand-over: a waiter that missed it and asks again is told the same possession, with a fresh lease'],
    wrap: (storage, world) => {
      const claims = handed(world);
      const watched = noting(storage, claims);
      return withChanges(watched, {
        async acquire(request) {
          if (claims.delete(request.leaseId)) await storage.release(request.key, request.leaseId);
          return storage.acquire(request);
        },
      });
    },
  },
  {
    name: 'does not take back what it handed to one who gives up',
    caughtBy: ['hand-over: who gives up when the lock was just handed to it gives it back'],
    wrap: (storage) =>
      withChanges(storage, {
        async leave(key, leaseId) {
          const { record } = await storage.read(key);
          if (record?.leaseId !== leaseId) await storage.leave?.(key, leaseId);
        },
      }),
  },
  {
    name: 'hands nothing over when somebody leaves',
    caughtBy: [
      'hand-over: when the head of a free lock leaves, the next one is handed the lock',
      'hand-over: who gives up when the lock was just handed to it gives it back',
      'share: when one that wants it alone leaves, those behind it join those who have it',
    ],
    wrap: (storage, world) => {
      const all = watches(world);
      return withChanges(storage, {
        async leave(key, leaseId) {
          for (const each of all) each.stop();
          await storage.leave?.(key, leaseId);
          for (const each of all) each.stop = each.start();
        },
        watch(key, leaseId, tell) {
          const start = (): (() => void) => storage.watch?.(key, leaseId, tell) ?? none;
          const entry = { start, stop: start() };
          all.add(entry);
          return () => {
            all.delete(entry);
            entry.stop();
          };
        },
      });
    },
  },
];
