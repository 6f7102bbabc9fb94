import { setImmediate as nextTurn } from 'node:timers/promises';

import type { AcquireRequest, LockRecord, LockStorage } from '@lockscope/storage';

import { onTurns } from './caught-by.ts';
import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

const forever = 1_000_000;

const acquired = sharedBy(() => new Map<string, AcquireRequest>());
const renewedAt = sharedBy(() => new Map<string, number>());

export const leaseDoubles: readonly StorageDouble[] = [
  {
    name: 'never lets a lease run out',
    caughtBy: [
      'acquire: a free lock is given, with a complete record',
      'acquire: a lease of thirty days is no problem',
      'renew: the lease ends leaseMs after the renewal, later or sooner than before',
      'expiry: a lock is kept while its lease lasts and is free when it is over',
      'expiry: a lease that is over is shown to nobody',
      'expiry: who takes over is told whose lease ran out, and when',
      'expiry: a release after the end is refused, although nobody took the lock',
      'expiry: a renewal after the end is refused, although nobody took the lock, and revives nothing',
      'expiry: a holder that is too late cannot touch its successor',
      'expiry: an attempt of a lease that is over begins a new possession',
      'wall clock: set forward an hour, it frees nobody',
      'wall clock: set back an hour, it keeps nobody beyond the lease',
      'tokens: rise when a lease that ran out is taken over',
      'races: of 100 that want a lock whose lease ran out, one gets it',
      'queue: a lock whose lease ran out goes to who came first, then to the second',
      'news: a release and the end of a lease are not told as if the lock had been taken away',
      'hand-over: to a waiter on another instance',
      'hand-over: a claim without a time of its own lasts as long as the lease, and a longer one no longer',
      'hand-over: a waiter that missed it and asks again is told the same possession, with a fresh lease',
      'share: when the lease of one runs out, its place is free, and the others keep theirs',
      'share: a renewal is for the one that renews',
      'spare tokens: are never given to the next possession, after the end of the lease or a force release',
      'passing on: who follows is told of the last holder on record, and its token',
      'passing on: a lease that is over or was never there passes nothing on',
      'renew many: each is answered as if it were alone, in the order of the requests',
      'renew many: each with its own lease, later or sooner than before',
      'renew many: passes on what is to be passed on',
      'renew many: the same request twice is answered twice',
      'renew many: a great many at once',
      'list: nothing that was released, taken away or ran out',
      'force release: removes nothing where nobody has the lock',
      'force release: a lease that ran out was not lost by force, also when somebody took over',
      'force release: a lease that ran out before the lock was taken away was not lost by force',
      'damage: a damaged record among many renewals is answered for itself, and the others are renewed',
      ...onTurns('expired'),
    ],
    wrap: (storage) =>
      withChanges(storage, {
        acquire: (request) => storage.acquire({ ...request, leaseMs: request.leaseMs * forever }),
        renew: (key, leaseId, leaseMs, update) => storage.renew(key, leaseId, leaseMs * forever, update),
      }),
  },
  {
    name: 'revives a lease that is over when it is renewed',
    caughtBy: [
      'expiry: a renewal after the end is refused, although nobody took the lock, and revives nothing',
      'renew many: each is answered as if it were alone, in the order of the requests',
      'force release: a lease that ran out was not lost by force, also when somebody took over',
      'force release: a lease that ran out before the lock was taken away was not lost by force',
    ],
    wrap: (storage, world) =>
      withChanges(storage, {
        async acquire(request) {
          const result = await storage.acquire(request);
          if (result.acquired) acquired(world).set(request.leaseId, request);
          return result;
        },
        async renew(key, leaseId, leaseMs, update) {
          const result = await storage.renew(key, leaseId, leaseMs, update);
          const request = acquired(world).get(leaseId);
          if (result.renewed || result.record !== undefined || request === undefined) return result;
          const again = await storage.acquire({ ...request, leaseMs });
          if (!again.acquired) return result;
          return { renewed: true, expiresAt: again.record.expiresAt, storageNow: again.storageNow };
        },
        async release(key, leaseId) {
          const result = await storage.release(key, leaseId);
          if (result.released) acquired(world).delete(leaseId);
          return result;
        },
        async forceRelease(key) {
          const record = await storage.forceRelease(key);
          if (record !== undefined) acquired(world).delete(record.leaseId);
          return record;
        },
      }),
  },
  {
    name: 'renews what nobody has',
    caughtBy: [
      'renew: a lock that nobody has cannot be renewed',
      'renew: refused after the release',
      'expiry: a renewal after the end is refused, although nobody took the lock, and revives nothing',
      'renew many: each is answered as if it were alone, in the order of the requests',
      'force release: the holder that lost the lock can neither renew nor release',
      'force release: who lost the lock by force is told so when it renews and when it releases',
      'force release: a lease that ran out was not lost by force, also when somebody took over',
      'force release: a lease that ran out before the lock was taken away was not lost by force',
      'force release: a lock that was released was not lost by force, and a stranger lost nothing',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async renew(key, leaseId, leaseMs, update) {
          const result = await storage.renew(key, leaseId, leaseMs, update);
          if (result.renewed || result.record !== undefined) return result;
          return { renewed: true, expiresAt: result.storageNow + leaseMs, storageNow: result.storageNow };
        },
      }),
  },
  {
    name: 'reads first and renews later',
    caughtBy: ['races: a renewal and a release at the same time leave the lock held or free, never in between'],
    wrap: (storage, world) =>
      withChanges(storage, {
        async acquire(request) {
          const result = await storage.acquire(request);
          if (result.acquired) acquired(world).set(request.leaseId, request);
          return result;
        },
        async renew(key, leaseId, leaseMs, update) {
          const before = await storage.read(key);
          await nextTurn();
          const result = await storage.renew(key, leaseId, leaseMs, update);
          const request = acquired(world).get(leaseId);
          if (result.renewed || before.record?.leaseId !== leaseId || request === undefined) return result;
          await storage.acquire({ ...request, leaseMs });
          return { renewed: true, expiresAt: result.storageNow + leaseMs, storageNow: result.storageNow };
        },
      }),
  },
  {
    name: 'counts a possession from its last renewal',
    caughtBy: [
      'renew: changes nothing but the end of the lease',
      'share: a renewal is for the one that renews',
      'passing on: a renewal changes who is on record and with which token, and nothing else',
      'passing on: renewals without it leave the holder and the token as they were passed on',
      'renew many: each is answered as if it were alone, in the order of the requests',
      'renew many: passes on what is to be passed on',
      'renew many: the same request twice is answered twice',
      'renew many: a great many at once',
      'damage: a damaged record among many renewals is answered for itself, and the others are renewed',
      'slow: an answer that comes late is right',
    ],
    wrap: (storage, world) =>
      withChanges(storage, {
        async renew(key, leaseId, leaseMs, update) {
          const result = await storage.renew(key, leaseId, leaseMs, update);
          if (result.renewed) renewedAt(world).set(leaseId, result.storageNow + 1);
          return result;
        },
        async read(key) {
          const state = await storage.read(key);
          const since = renewedAt(world).get(state.record?.leaseId ?? '');
          if (state.record === undefined || since === undefined) return state;
          return { ...state, record: { ...state.record, acquiredAt: since } };
        },
      }),
  },
  {
    name: 'takes a release that comes too late',
    caughtBy: [
      'expiry: a release after the end is refused, although nobody took the lock',
      'force release: a lease that ran out was not lost by force, also when somebody took over',
    ],
    wrap: (storage, world) => {
      const leases = sharedLeases(world);
      return withChanges(remembering(storage, leases), {
        async release(key, leaseId) {
          const result = await storage.release(key, leaseId);
          const last = leases.get(key);
          if (result.released || last?.leaseId !== leaseId) return result;
          leases.delete(key);
          return (await storage.read(key)).storageNow >= last.expiresAt ? { released: true } : result;
        },
      });
    },
  },
  {
    name: 'does not shorten a lease',
    caughtBy: [
      'renew: the lease ends leaseMs after the renewal, later or sooner than before',
      'renew many: each with its own lease, later or sooner than before',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async renew(key, leaseId, leaseMs, update) {
          const { record, storageNow } = await storage.read(key);
          const left = record === undefined ? 0 : record.expiresAt - storageNow;
          return storage.renew(key, leaseId, Math.max(left, leaseMs), update);
        },
      }),
  },
  {
    name: 'keeps the old end of the lease when the same lease asks again',
    caughtBy: [
      'acquire: the same lease asks again and gets the same token with a fresh lease',
      'hand-over: a waiter that missed it and asks again is told the same possession, with a fresh lease',
      'share: a lease that shares and asks again keeps its place and its token, also when all places are taken',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async acquire(request) {
          const { record, storageNow } = await storage.read(request.key);
          if (record?.leaseId !== request.leaseId) return storage.acquire(request);
          return storage.acquire({ ...request, leaseMs: record.expiresAt - storageNow });
        },
      }),
  },
  {
    name: 'cuts a lease to what fits into 32 bits',
    caughtBy: ['acquire: a lease of thirty days is no problem'],
    wrap: (storage) =>
      withChanges(storage, { acquire: (request) => storage.acquire({ ...request, leaseMs: request.leaseMs | 0 }) }),
  },
  {
    name: 'does not know who came before',
    caughtBy: [
      'expiry: who takes over is told whose lease ran out, and when',
      'expiry: who follows a release is told who released, and when',
      'wall clock: set forward an hour, it frees nobody',
      'wall clock: set back an hour, it keeps nobody beyond the lease',
      'races: of 100 that want a lock whose lease ran out, one gets it',
      'hand-over: a claim that nobody takes up ends, and the next in line has the lock',
      'passing on: who follows is told of the last holder on record, and its token',
      ...onTurns('told', 'expired', 'forced', 'most'),
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async acquire(request) {
          const result = await storage.acquire(request);
          return result.acquired ? { ...result, previous: undefined } : result;
        },
      }),
  },
  {
    name: 'shows a holder after its lease has run out',
    caughtBy: [
      'renew: the lease ends leaseMs after the renewal, later or sooner than before',
      'expiry: a lock is kept while its lease lasts and is free when it is over',
      'expiry: a lease that is over is shown to nobody',
      'expiry: a renewal after the end is refused, although nobody took the lock, and revives nothing',
      'wall clock: set forward an hour, it frees nobody',
      'wall clock: set back an hour, it keeps nobody beyond the lease',
      'renew many: each with its own lease, later or sooner than before',
    ],
    wrap: (storage, world) => {
      const leases = sharedLeases(world);
      return withChanges(remembering(storage, leases), {
        async release(key, leaseId) {
          const result = await storage.release(key, leaseId);
          if (result.released) leases.delete(key);
          return result;
        },
        async forceRelease(key) {
          leases.delete(key);
          return storage.forceRelease(key);
        },
        async read(key) {
          const state = await storage.read(key);
          return { ...state, record: state.record ?? leases.get(key) };
        },
      });
    },
  },
];

const sharedLeases = sharedBy(() => new Map<string, LockRecord>());

/** The last possession of each key is known, also when its lease is over. */
function remembering(storage: LockStorage, leases: Map<string, LockRecord>): LockStorage {
  return withChanges(storage, {
    async acquire(request) {
      const result = await storage.acquire(request);
      if (result.acquired) leases.set(request.key, result.record);
      return result;
    },
  });
}
