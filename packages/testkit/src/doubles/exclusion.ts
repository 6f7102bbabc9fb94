import { setImmediate as nextTurn } from 'node:timers/promises';

import { hearingAgain, onTurns, onTurnsBut } from './caught-by.ts';
import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

const attempts = sharedBy(() => new Set<string>());

export const exclusionDoubles: readonly StorageDouble[] = [
  {
    name: 'looks first and writes later',
    caughtBy: [
      'races: of 100 that want a free lock, one gets it, and the others are told who',
      'races: of 100 that want a lock whose lease ran out, one gets it',
      'races: no update is lost under the lock, from two instances',
      'share: of 100 that want one of ten places at once, ten get in',
      'slow: of many that want a lock at once, one gets it',
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
      'hand-over: when the lock was taken away',
      'share: when one releases, its place is free, and the others keep theirs',
      'share: when the lease of one runs out, its place is free, and the others keep theirs',
      'force release: the holder that lost the lock can neither renew nor release',
      'force release: who lost the lock by force is told so although somebody else has it by now',
      'force release: a lease that ran out was not lost by force, also when somebody took over',
      ...onTurns('shared'),
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
      'share: a force release takes it away from all, gives the first, and each is told why',
      'passing on: a lease that is over or was never there passes nothing on',
      'renew many: each is answered as if it were alone, in the order of the requests',
      'force release: who lost the lock by force is told so although somebody else has it by now',
      'force release: a lease that ran out was not lost by force, also when somebody took over',
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
          const result = await storage.release(key, leaseId);
          return record?.leaseId === leaseId ? { released: true } : result;
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
      'hand-over: a waiter that missed it and asks again is told the same possession, with a fresh lease',
      'share: a lease that shares and asks again keeps its place and its token, also when all places are taken',
      'spare tokens: are kept once, also when the same lease asks again',
      'connection: that breaks under an attempt leaves a lock that the same lease can have',
      ...hearingAgain,
      'stall: calls that met it settle when it is over, and what they asked for can be asked again',
      'restart: an attempt that met it can be repeated, and one that was answered still holds',
      'restart: a renewal or a release that met it can be repeated',
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
    caughtBy: [
      'acquire: two attempts of one lease at the same time are one possession',
      'slow: an attempt that is repeated before its answer came is one possession',
    ],
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
      'force release: who lost the lock by force is told so when it renews and when it releases',
      'force release: a lease that ran out was not lost by force, also when somebody took over',
      'force release: a lease that ran out before the lock was taken away was not lost by force',
      'force release: a lock that was released was not lost by force, and a stranger lost nothing',
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
      'queue: who gets the lock is told how many still wait, or nothing of it',
      'queue: a waiter is forgotten waitMs after its last attempt',
      'queue: a free lock is not kept for a waiter that was forgotten',
      'queue: who leaves lets the next one in',
      'behind: they are no waiters of their own: nobody is sent behind them, and they go with whom they wait behind',
      'news: who waits and watches is told when the lock is released',
      'news: who waits and watches on another instance is told when the lock is released',
      'news: who has taken the way out hears nothing more, and others still do',
      'news: never comes from inside another call',
      'news: a release and the end of a lease are not told as if the lock had been taken away',
      'hand-over: a released lock is handed to the first waiter that watches, and it is told everything',
      'hand-over: to a waiter on another instance',
      'hand-over: whom it was handed to has it: others are refused, it renews and releases',
      'hand-over: several are served in the order in which they came, on two instances',
      'hand-over: tokens that a waiter asked for are kept when the lock is handed to it',
      'hand-over: a claim without a time of its own lasts as long as the lease, and a longer one no longer',
      'hand-over: a waiter that missed it and asks again is told the same possession, with a fresh lease',
      'hand-over: a claim that nobody takes up ends, and the next in line has the lock',
      'hand-over: a waiter that does not watch is not handed the lock: it is kept for it',
      'hand-over: who did not mean to wait is handed nothing',
      'hand-over: when the head of a free lock leaves, the next one is handed the lock',
      'hand-over: who left is handed nothing, the next one is',
      'hand-over: who gives up when the lock was just handed to it gives it back',
      'hand-over: one lease that waits for two locks is handed the one that was freed, then the other',
      'hand-over: news of one lease never reach another',
      'share: who wants it alone is refused while it is shared, and who would share it while one has it alone',
      'share: tokens rise from those who share to the one that follows alone',
      'share: when one releases, its place is free, and the others keep theirs',
      'share: who wants it alone waits for all who share it, and nobody passes it',
      'share: those who wait behind one that wants it alone come in together after it',
      'share: when one releases, the first that waits for a place gets it',
      'share: a place that is freed is handed to the first that waits for it',
      'share: who wants it alone is handed it when the last of those who share it releases',
      'share: all who would share it and wait at the head are handed it together',
      'spare tokens: are never given to the next possession, after a release',
      'spare tokens: are kept once, also when the same lease asks again',
      'token above: makes the token greater than that, and all that follow',
      'token above: that is below those that were given changes nothing',
      'passing on: a token that was passed on is never given again, also one that was not kept free',
      'durable: tokens that were kept free or passed on are not given after it was closed and opened',
      'list: nothing that was released, taken away or ran out',
      'force release: removes nothing where nobody has the lock',
      'force release: a lock that was released was not lost by force, and a stranger lost nothing',
      'connection: after it broke, the storage finds a new one by itself, and no lock was lost',
      'connection: after it broke, who waits and watches still hears',
      'stall: a server that stood still goes on with the same holders and rising tokens',
      'stall: when it is over, who waits and watches still hears',
      'restart: of the server loses no lock, and no token comes twice',
      'restart: an attempt that met it can be repeated, and one that was answered still holds',
      'restart: a renewal or a release that met it can be repeated',
      'restart: after it, who waits and watches still hears',
      'slow: an answer that comes late is right',
      'slow: an attempt that is repeated before its answer came is one possession',
      'slow: who waits and watches hears nevertheless, and has the lock',
      ...onTurnsBut('expired', 'forced'),
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async release(key, leaseId) {
          const { record, sharers = [] } = await storage.read(key);
          const has = [record, ...sharers].some((one) => one?.leaseId === leaseId);
          return has ? { released: true } : storage.release(key, leaseId);
        },
      }),
  },
  {
    name: 'takes all locks away at once',
    caughtBy: [
      'durable: locks are still held and tokens still rise after it was closed and opened',
      'news: that a lock was taken away reaches only who had it',
      'hand-over: when the lock was taken away',
      'renew many: each is answered as if it were alone, in the order of the requests',
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
    caughtBy: [
      'share: a force release takes it away from all, gives the first, and each is told why',
      'force release: frees the lock whoever has it, and gives the record that it removed',
    ],
    wrap: (storage) => withChanges(storage, { forceRelease: (key) => storage.forceRelease(key).then(() => undefined) }),
  },
  {
    name: 'cannot take a lock away',
    caughtBy: [
      'tokens: rise when the lock was taken away by force',
      'durable: locks are still held and tokens still rise after it was closed and opened',
      'queue: a lock that was taken away goes to who came first, then to the second',
      'news: who waits and watches is told when the lock is taken away',
      'news: the holder that watches is told when its lock is taken away',
      'news: the holder that watches is told when its lock is taken away by another instance',
      'news: that a lock was taken away reaches only who had it',
      'hand-over: when the lock was taken away',
      'share: a force release takes it away from all, gives the first, and each is told why',
      'share: all who share it and watch are told when it is taken away',
      'spare tokens: are never given to the next possession, after the end of the lease or a force release',
      'renew many: each is answered as if it were alone, in the order of the requests',
      'list: nothing that was released, taken away or ran out',
      'force release: frees the lock whoever has it, and gives the record that it removed',
      'force release: the holder that lost the lock can neither renew nor release',
      'force release: who lost the lock by force is told so when it renews and when it releases',
      'force release: who lost the lock by force is told so although somebody else has it by now',
      'force release: a lease that lost the lock by force may have it again, as another possession',
      ...onTurns('forced'),
    ],
    wrap: (storage) => withChanges(storage, { forceRelease: async (key) => (await storage.read(key)).record }),
  },
];
