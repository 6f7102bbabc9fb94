import { setImmediate as nextTurn } from 'node:timers/promises';

import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

const attempts = sharedBy(() => new Set<string>());

export const exclusionDoubles: readonly StorageDouble[] = [
  {
    name: 'looks first and writes later',
    caughtBy: [
      'races: of 100 that want a free lock, one gets it, and the others are told who',
      'races: of 100 that want a lock whose lease ran out, one gets it',
      'races: no update is lost under the lock, from two instances',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async acquire(request) {
          const { record } = await storage.read(request.key);
          await nextTurn();
          const meanwhile = record ?? (await storage.read(request.key)).record;
          const overwrites = record === undefined && meanwhile !== undefined && meanwhile.leaseId !== request.leaseId;
          if (overwrites) await storage.forceRelease(request.key);
          return storage.acquire(request);
        },
      }),
  },
  {
    name: 'releases whatever lease asks for it',
    caughtBy: [
      'release: a wrong lease is refused and changes nothing',
      'release: a second release is refused and disturbs nobody',
      'expiry: a holder that is too late cannot touch its successor',
      'force release: the holder that lost the lock can neither renew nor release',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async release(key, leaseId) {
          const { record } = await storage.read(key);
          return storage.release(key, record?.leaseId ?? leaseId);
        },
      }),
  },
  {
    name: 'renews whatever lease asks for it',
    caughtBy: [
      'renew: a wrong lease is refused, told who has the lock, and changes nothing',
      'expiry: a holder that is too late cannot touch its successor',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async renew(key, leaseId, leaseMs, update) {
          const { record } = await storage.read(key);
          return storage.renew(key, record?.leaseId ?? leaseId, leaseMs, update);
        },
      }),
  },
  {
    name: 'lets every release of several succeed',
    caughtBy: ['races: of several releases of one lease, one counts'],
    wrap: (storage) =>
      withChanges(storage, {
        async release(key, leaseId) {
          const { record } = await storage.read(key);
          await storage.release(key, leaseId);
          return { released: record?.leaseId === leaseId };
        },
      }),
  },
  {
    name: 'takes an owner for a lease',
    caughtBy: ['holder: the owner does not count, the lease does: the same owner is refused under another lease'],
    wrap: (storage) =>
      withChanges(storage, {
        async acquire(request) {
          const { record } = await storage.read(request.key);
          const same = record?.holder.ownerId === request.holder.ownerId;
          return storage.acquire(same ? { ...request, leaseId: record.leaseId } : request);
        },
      }),
  },
  {
    name: 'does not know its own lease again',
    caughtBy: [
      'acquire: the same lease asks again and gets the same token with a fresh lease',
      'queue: a holder that asks again does not wait for itself',
      'queue: a holder that asks again, or renews, is not sent behind those who wait',
      'news: who waits and watches is told when the lock is released',
      'news: who waits and watches on another instance is told when the lock is released',
      'news: who waits and watches is told when the lock is taken away',
      'connection: that breaks under an attempt leaves a lock that the same lease can have',
      'stall: calls that met it settle when it is over, and what they asked for can be asked again',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async acquire(request) {
          const { record, storageNow } = await storage.read(request.key);
          if (record?.leaseId !== request.leaseId) return storage.acquire(request);
          return { acquired: false, record, ahead: 0, storageNow };
        },
      }),
  },
  {
    name: 'makes two possessions of two attempts of one lease',
    caughtBy: ['acquire: two attempts of one lease at the same time are one possession'],
    wrap: (storage, world) =>
      withChanges(storage, {
        async acquire(request) {
          const asking = attempts(world);
          const second = asking.has(request.leaseId);
          asking.add(request.leaseId);
          await nextTurn();
          if (second) await storage.forceRelease(request.key);
          const result = await storage.acquire(request);
          asking.delete(request.leaseId);
          return result;
        },
      }),
  },
  {
    name: 'releases what nobody has',
    caughtBy: [
      'release: a second release is refused and disturbs nobody',
      'release: a lock that nobody has cannot be released',
      'expiry: a release after the end is refused, although nobody took the lock',
      'races: of several releases of one lease, one counts',
      'force release: the holder that lost the lock can neither renew nor release',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async release(key, leaseId) {
          const result = await storage.release(key, leaseId);
          return result.released || (await storage.read(key)).record !== undefined ? result : { released: true };
        },
      }),
  },
  {
    name: 'says that it released and keeps the lock',
    caughtBy: [
      'acquire: two attempts of one lease at the same time are one possession',
      'renew: refused after the release',
      'release: frees the lock for the next',
      'release: a second release is refused and disturbs nobody',
      'expiry: who follows a release is told who released, and when',
      'tokens: rise with every acquire and release, a thousand times',
      'tokens: rise when two instances take turns',
      'tokens: rise although many other keys came and went',
      'durable: locks are still held and tokens still rise after it was closed and opened',
      'races: of several releases of one lease, one counts',
      'races: a renewal and a release at the same time leave the lock held or free, never in between',
      'races: no update is lost under the lock, from two instances',
      'queue: a released lock goes to who came first, then to the second',
      'queue: who begins to wait while the lock is kept for others comes behind them',
      'queue: a lock whose lease ran out goes to who came first, then to the second',
      'queue: a lock that was taken away goes to who came first, then to the second',
      'queue: ten are served in the order in which they came',
      'queue: who got the lock does not wait any more',
      'queue: a waiter is forgotten waitMs after its last attempt',
      'queue: a free lock is not kept for a waiter that was forgotten',
      'queue: who leaves lets the next one in',
      'news: who waits and watches is told when the lock is released',
      'news: who waits and watches on another instance is told when the lock is released',
      'news: who has taken the way out hears nothing more, and others still do',
      'news: never comes from inside another call',
      'list: nothing that was released, taken away or ran out',
      'force release: removes nothing where nobody has the lock',
      'connection: after it broke, the storage finds a new one by itself, and no lock was lost',
      'stall: a server that stood still goes on with the same holders and rising tokens',
      'restart: of the server loses no lock, and no token comes twice',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        release: async (key, leaseId) => ({ released: (await storage.read(key)).record?.leaseId === leaseId }),
      }),
  },
  {
    name: 'takes all locks away at once',
    caughtBy: [
      'durable: locks are still held and tokens still rise after it was closed and opened',
      'list: nothing that was released, taken away or ran out',
      'force release: other locks stay as they are',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async forceRelease(key) {
          const record = await storage.forceRelease(key);
          for await (const state of storage.list()) await storage.forceRelease(state.record.key);
          return record;
        },
      }),
  },
  {
    name: 'frees the lock and says that it removed nothing',
    caughtBy: ['force release: frees the lock whoever has it, and gives the record that it removed'],
    wrap: (storage) => withChanges(storage, { forceRelease: (key) => storage.forceRelease(key).then(() => undefined) }),
  },
  {
    name: 'cannot take a lock away',
    caughtBy: [
      'tokens: rise when the lock was taken away by force',
      'durable: locks are still held and tokens still rise after it was closed and opened',
      'queue: a lock that was taken away goes to who came first, then to the second',
      'news: who waits and watches is told when the lock is taken away',
      'list: nothing that was released, taken away or ran out',
      'force release: frees the lock whoever has it, and gives the record that it removed',
      'force release: the holder that lost the lock can neither renew nor release',
    ],
    wrap: (storage) => withChanges(storage, { forceRelease: async (key) => (await storage.read(key)).record }),
  },
];
