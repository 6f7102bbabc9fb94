import type { AcquireRequest, LockRecord, LockStorage } from '@lockscope/storage';

import { onTurns } from './caught-by.ts';
import { sharedBy, withChanges, without, type StorageDouble } from './storage-double.ts';

const numbers = sharedBy(() => new Map<string, number>());
const requests = sharedBy(() => new Map<string, AcquireRequest>());

function misread<R extends LockRecord | undefined>(record: R): R {
  return record && { ...record, ...(record.share === Infinity && { share: 0 }) };
}

/** With how many a lock is to be shared goes through `change`. */
function placing(storage: LockStorage, change: (share: number, key: string) => number | undefined): LockStorage {
  return withChanges(storage, {
    acquire({ share, ...request }) {
      const changed = share === undefined ? undefined : change(share, request.key);
      return storage.acquire({ ...request, ...(changed !== undefined && { share: changed }) });
    },
  });
}

export const sharingDoubles: readonly StorageDouble[] = [
  {
    name: 'shares nothing',
    caughtBy: [
      'share: as many get in as may, and the next one is refused and told who has it',
      'share: all who have it are on record, first come first, with how many it is for',
      'share: any number gets in where there is no limit',
      'share: each goes by its own number',
      'share: who wants it alone is refused while it is shared, and who would share it while one has it alone',
      'share: every possession has a token of its own, greater than those before',
      'share: tokens rise from those who share to the one that follows alone',
      'share: when one releases, its place is free, and the others keep theirs',
      'share: when the lease of one runs out, its place is free, and the others keep theirs',
      'share: a renewal is for the one that renews',
      'share: a lease that shares and asks again keeps its place and its token, also when all places are taken',
      'share: a force release takes it away from all, gives the first, and each is told why',
      'share: it is listed once, with all who have it',
      'share: of 100 that want one of ten places at once, ten get in',
      'share: who wants it alone waits for all who share it, and nobody passes it',
      'share: those who wait behind one that wants it alone come in together after it',
      'share: when one releases, the first that waits for a place gets it',
      'share: with how many a waiter would share is on record',
      'share: a place that is freed is handed to the first that waits for it',
      'share: who wants it alone is handed it when the last of those who share it releases',
      'share: all who would share it and wait at the head are handed it together',
      'share: when one that wants it alone leaves, those behind it join those who have it',
      'share: all who share it and watch are told when it is taken away',
      ...onTurns('shared'),
    ],
    wrap: (storage) => placing(storage, () => undefined),
  },
  {
    name: 'lets one too many share',
    caughtBy: [
      'share: as many get in as may, and the next one is refused and told who has it',
      'share: all who have it are on record, first come first, with how many it is for',
      'share: each goes by its own number',
      'share: of 100 that want one of ten places at once, ten get in',
      'share: when one releases, the first that waits for a place gets it',
      'share: with how many a waiter would share is on record',
      'share: a place that is freed is handed to the first that waits for it',
    ],
    wrap: (storage) => placing(storage, (share) => share + 1),
  },
  {
    name: 'goes by the number of the first that shared',
    caughtBy: [
      'share: all who have it are on record, first come first, with how many it is for',
      'share: each goes by its own number',
      'share: with how many a waiter would share is on record',
    ],
    wrap: (storage, world) =>
      placing(storage, (share, key) => {
        const first = numbers(world).get(key) ?? share;
        numbers(world).set(key, first);
        return first;
      }),
  },
  {
    name: 'lets at most ten share, however many may',
    caughtBy: [
      'share: all who have it are on record, first come first, with how many it is for',
      'share: any number gets in where there is no limit',
      'share: with how many a waiter would share is on record',
    ],
    wrap: (storage) => placing(storage, (share) => Math.min(share, 10)),
  },
  {
    name: 'lets others share what one wants alone',
    caughtBy: [
      'share: all who have it are on record, first come first, with how many it is for',
      'share: who wants it alone is refused while it is shared, and who would share it while one has it alone',
      'share: who wants it alone waits for all who share it, and nobody passes it',
      'share: with how many a waiter would share is on record',
      'share: all who would share it and wait at the head are handed it together',
    ],
    wrap: (storage) => withChanges(storage, { acquire: (request) => storage.acquire({ share: 1, ...request }) }),
  },
  {
    name: 'lets those who share pass one that waits to have it alone',
    caughtBy: [
      'share: who wants it alone waits for all who share it, and nobody passes it',
      'share: when one that wants it alone leaves, those behind it join those who have it',
    ],
    wrap: (storage, world) =>
      withChanges(storage, {
        async acquire(request) {
          requests(world).set(request.leaseId, request);
          const { record, waiters } = await storage.read(request.key);
          if (request.share === undefined || record?.share === undefined) return storage.acquire(request);
          const alone = waiters.filter(({ share, leaseId }) => share === undefined && leaseId !== request.leaseId);
          for (const { leaseId } of alone) await storage.leave?.(request.key, leaseId);
          const result = await storage.acquire(request);
          for (const { leaseId } of alone) {
            const other = requests(world).get(leaseId);
            if (other !== undefined) await storage.acquire(other);
          }
          return result;
        },
      }),
  },
  {
    name: 'gives one token to all who share',
    caughtBy: [
      'share: every possession has a token of its own, greater than those before',
      'share: when one releases, its place is free, and the others keep theirs',
      'share: when the lease of one runs out, its place is free, and the others keep theirs',
      'share: it is listed once, with all who have it',
      'share: when one releases, the first that waits for a place gets it',
      'share: a place that is freed is handed to the first that waits for it',
      'share: who wants it alone is handed it when the last of those who share it releases',
      'share: all who would share it and wait at the head are handed it together',
      'share: when one that wants it alone leaves, those behind it join those who have it',
      ...onTurns('shared'),
    ],
    wrap: (storage) => {
      const withFirst = async (record: LockRecord): Promise<LockRecord> => {
        const { record: first } = await storage.read(record.key);
        return { ...record, fencingToken: first?.fencingToken ?? record.fencingToken };
      };
      return withChanges(storage, {
        async acquire(request) {
          const result = await storage.acquire(request);
          return result.acquired ? { ...result, record: await withFirst(result.record) } : result;
        },
        async read(key) {
          const state = await storage.read(key);
          if (state.sharers === undefined) return state;
          return { ...state, sharers: await Promise.all(state.sharers.map(withFirst)) };
        },
      });
    },
  },
  {
    name: 'frees a lock for all when one releases it',
    caughtBy: [
      'share: who wants it alone is refused while it is shared, and who would share it while one has it alone',
      'share: every possession has a token of its own, greater than those before',
      'share: tokens rise from those who share to the one that follows alone',
      'share: when one releases, its place is free, and the others keep theirs',
      'share: who wants it alone waits for all who share it, and nobody passes it',
      'share: those who wait behind one that wants it alone come in together after it',
      'share: when one releases, the first that waits for a place gets it',
      'share: a place that is freed is handed to the first that waits for it',
      'share: who wants it alone is handed it when the last of those who share it releases',
      'share: all who would share it and wait at the head are handed it together',
      ...onTurns('shared'),
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async release(key, leaseId) {
          const { sharers = [] } = await storage.read(key);
          const result = await storage.release(key, leaseId);
          if (result.released && sharers.length > 0) await storage.forceRelease(key);
          return result;
        },
      }),
  },
  {
    name: 'renews all who share when one renews',
    caughtBy: ['share: a renewal is for the one that renews'],
    wrap: (storage) =>
      withChanges(storage, {
        async renew(key, leaseId, leaseMs, update) {
          const result = await storage.renew(key, leaseId, leaseMs, update);
          const { record, sharers = [] } = await storage.read(key);
          const all = result.renewed && record !== undefined ? [record, ...sharers] : [];
          for (const other of all) if (other.leaseId !== leaseId) await storage.renew(key, other.leaseId, leaseMs);
          return result;
        },
      }),
  },
  {
    name: 'refuses one that shares and asks again when all places are taken',
    caughtBy: [
      'share: a lease that shares and asks again keeps its place and its token, also when all places are taken',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async acquire(request) {
          const { record, sharers = [], storageNow } = await storage.read(request.key);
          const full = request.share !== undefined && sharers.length + 1 >= request.share;
          if (record?.leaseId !== request.leaseId || !full || request.share === 1) return storage.acquire(request);
          return { acquired: false, record, ahead: 0, storageNow };
        },
      }),
  },
  {
    name: 'takes a lock away from only the first of those who share it',
    caughtBy: [
      'share: a force release takes it away from all, gives the first, and each is told why',
      'share: all who share it and watch are told when it is taken away',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async forceRelease(key) {
          const { record, sharers = [] } = await storage.read(key);
          if (record === undefined || sharers.length === 0) return storage.forceRelease(key);
          await storage.release(key, record.leaseId);
          return record;
        },
      }),
  },
  {
    name: 'shows only the first of those who share',
    caughtBy: [
      'share: as many get in as may, and the next one is refused and told who has it',
      'share: all who have it are on record, first come first, with how many it is for',
      'share: any number gets in where there is no limit',
      'share: each goes by its own number',
      'share: when one releases, its place is free, and the others keep theirs',
      'share: when the lease of one runs out, its place is free, and the others keep theirs',
      'share: a renewal is for the one that renews',
      'share: a lease that shares and asks again keeps its place and its token, also when all places are taken',
      'share: it is listed once, with all who have it',
      'share: of 100 that want one of ten places at once, ten get in',
      'share: those who wait behind one that wants it alone come in together after it',
      'share: when one releases, the first that waits for a place gets it',
      'share: a place that is freed is handed to the first that waits for it',
      'share: all who would share it and wait at the head are handed it together',
      'share: when one that wants it alone leaves, those behind it join those who have it',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async read(key) {
          const { sharers: _, ...state } = await storage.read(key);
          return state;
        },
        async *list(options) {
          for await (const { sharers: _, ...state } of storage.list(options)) yield state;
        },
      }),
  },
  {
    name: 'lists a lock once for each who shares it',
    caughtBy: ['share: it is listed once, with all who have it'],
    wrap: (storage) =>
      withChanges(storage, {
        async *list(options) {
          for await (const { sharers = [], ...state } of storage.list(options)) {
            for (const record of [state.record, ...sharers]) yield { ...state, record };
          }
        },
      }),
  },
  {
    name: 'does not know what endless means when it reads a record',
    caughtBy: [
      'share: all who have it are on record, first come first, with how many it is for',
      'share: any number gets in where there is no limit',
      'share: those who wait behind one that wants it alone come in together after it',
      'share: who wants it alone is handed it when the last of those who share it releases',
      'share: all who would share it and wait at the head are handed it together',
      'share: when one that wants it alone leaves, those behind it join those who have it',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async read(key) {
          const { record, sharers, ...state } = await storage.read(key);
          return { ...state, record: misread(record), ...(sharers && { sharers: sharers.map(misread) }) };
        },
      }),
  },
  {
    name: 'does not say with how many a waiter would share',
    caughtBy: ['share: with how many a waiter would share is on record'],
    wrap: (storage) =>
      withChanges(storage, {
        async read(key) {
          const state = await storage.read(key);
          return { ...state, waiters: state.waiters.map((waiter) => without(waiter, 'share')) };
        },
      }),
  },
];
