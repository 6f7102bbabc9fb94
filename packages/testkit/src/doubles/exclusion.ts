import { setImmediate as nextTurn } from 'node:timers/promises';

import { withChanges, type StorageDouble } from './storage-double.ts';

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
        async renew(key, leaseId, leaseMs) {
          const { record } = await storage.read(key);
          return storage.renew(key, record?.leaseId ?? leaseId, leaseMs);
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
      'notifications: a lock that is taken away wakes who watches',
      'list: nothing that was released, taken away or ran out',
      'force release: frees the lock whoever has it, and gives the record that it removed',
      'force release: the holder that lost the lock can neither renew nor release',
    ],
    wrap: (storage) => withChanges(storage, { forceRelease: async (key) => (await storage.read(key)).record }),
  },
];
