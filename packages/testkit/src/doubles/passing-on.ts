import type { LeaseUpdate, LockRecord, LockStorage } from '@lockscope/storage';

import { sharedBy, withChanges, without, type StorageDouble } from './storage-double.ts';

const shown = sharedBy(() => new Map<string, number>());
const acquirers = sharedBy(() => new Map<string, LockRecord['holder']>());

/** What is passed on goes through `change`, in single renewals and in many. */
function passing(
  storage: LockStorage,
  change: (update: LeaseUpdate, leaseId: string) => LeaseUpdate | undefined,
): LockStorage {
  return withChanges(storage, {
    renew: (key, leaseId, leaseMs, update) => storage.renew(key, leaseId, leaseMs, update && change(update, leaseId)),
  });
}

export const passingOnDoubles: readonly StorageDouble[] = [
  {
    name: 'keeps no tokens free',
    caughtBy: [
      'hand-over: tokens that a waiter asked for are kept when the lock is handed to it',
      'spare tokens: are never given to the next possession, after a release',
      'spare tokens: are never given to the next possession, after the end of the lease or a force release',
      'spare tokens: are kept once, also when the same lease asks again',
      'token above: makes the token greater than that, and all that follow',
      'durable: tokens that were kept free or passed on are not given after it was closed and opened',
    ],
    wrap: (storage) => withChanges(storage, { acquire: (request) => storage.acquire(without(request, 'spareTokens')) }),
  },
  {
    name: 'keeps one token free too few',
    caughtBy: [
      'hand-over: tokens that a waiter asked for are kept when the lock is handed to it',
      'spare tokens: are never given to the next possession, after a release',
      'spare tokens: are never given to the next possession, after the end of the lease or a force release',
      'spare tokens: are kept once, also when the same lease asks again',
      'token above: makes the token greater than that, and all that follow',
      'durable: tokens that were kept free or passed on are not given after it was closed and opened',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        acquire: ({ spareTokens = 0, ...request }) =>
          storage.acquire({ ...request, spareTokens: Math.max(0, spareTokens - 1) }),
      }),
  },
  {
    name: 'does not care above which number a token is to be',
    caughtBy: [
      'hand-over: tokens that a waiter asked for are kept when the lock is handed to it',
      'token above: makes the token greater than that, and all that follow',
    ],
    wrap: (storage) => withChanges(storage, { acquire: (request) => storage.acquire(without(request, 'tokenAbove')) }),
  },
  {
    name: 'takes the number above which a token is to be for the last that was given',
    caughtBy: ['token above: that is below those that were given changes nothing'],
    wrap: (storage, world) => {
      const tokens = shown(world);
      const show = <R extends LockRecord | undefined>(record: R): R =>
        record && { ...record, fencingToken: tokens.get(record.leaseId) ?? record.fencingToken };
      return withChanges(storage, {
        async acquire(request) {
          const result = await storage.acquire(request);
          if (!result.acquired) return result;
          if (request.tokenAbove !== undefined) tokens.set(request.leaseId, request.tokenAbove + 1);
          return { ...result, record: show(result.record) };
        },
        read: (key) => storage.read(key).then((state) => ({ ...state, record: show(state.record) })),
      });
    },
  },
  {
    name: 'passes nothing on',
    caughtBy: [
      'passing on: a renewal changes who is on record and with which token, and nothing else',
      'passing on: renewals without it leave the holder and the token as they were passed on',
      'passing on: never lowers the token',
      'passing on: a token that was passed on is never given again, also one that was not kept free',
      'passing on: who follows is told of the last holder on record, and its token',
      'durable: tokens that were kept free or passed on are not given after it was closed and opened',
      'renew many: passes on what is to be passed on',
    ],
    wrap: (storage) => passing(storage, () => undefined),
  },
  {
    name: 'passes on the token and not the holder',
    caughtBy: [
      'passing on: a renewal changes who is on record and with which token, and nothing else',
      'passing on: renewals without it leave the holder and the token as they were passed on',
      'passing on: who follows is told of the last holder on record, and its token',
      'renew many: passes on what is to be passed on',
    ],
    wrap: (storage, world) => {
      const holders = acquirers(world);
      const changed = passing(storage, ({ fencingToken, holder }, leaseId) => ({
        fencingToken,
        holder: holders.get(leaseId) ?? holder,
      }));
      return withChanges(changed, {
        acquire(request) {
          holders.set(request.leaseId, request.holder);
          return storage.acquire(request);
        },
      });
    },
  },
  {
    name: 'gives a token again that was passed on',
    caughtBy: [
      'passing on: a token that was passed on is never given again, also one that was not kept free',
      'passing on: who follows is told of the last holder on record, and its token',
      'durable: tokens that were kept free or passed on are not given after it was closed and opened',
    ],
    wrap: (storage, world) => {
      const tokens = shown(world);
      const show = <R extends LockRecord | undefined>(record: R): R =>
        record && { ...record, fencingToken: tokens.get(record.leaseId) ?? record.fencingToken };
      const changed = passing(storage, ({ holder, fencingToken }, leaseId) => {
        tokens.set(leaseId, Math.max(fencingToken, tokens.get(leaseId) ?? 0));
        return { holder, fencingToken: 0 };
      });
      return withChanges(changed, {
        async acquire(request) {
          const result = await storage.acquire(request);
          if (!result.acquired) return { ...result, record: show(result.record) };
          return result;
        },
        read: (key) => storage.read(key).then((state) => ({ ...state, record: show(state.record) })),
      });
    },
  },
  {
    name: 'lowers a token when it is passed on',
    caughtBy: ['passing on: never lowers the token'],
    wrap: (storage, world) => {
      const tokens = shown(world);
      const changed = passing(storage, (update, leaseId) => {
        tokens.set(leaseId, update.fencingToken);
        return update;
      });
      return withChanges(changed, {
        async read(key) {
          const { record, ...state } = await storage.read(key);
          const fencingToken = tokens.get(record?.leaseId ?? '');
          return { ...state, record: record && { ...record, ...(fencingToken !== undefined && { fencingToken }) } };
        },
      });
    },
  },
  {
    name: 'lets one whose lease is over change who has the lock',
    caughtBy: ['passing on: a lease that is over or was never there passes nothing on'],
    wrap: (storage) =>
      withChanges(storage, {
        async renew(key, leaseId, leaseMs, update) {
          const result = await storage.renew(key, leaseId, leaseMs, update);
          if (result.renewed || result.record === undefined || update === undefined) return result;
          await storage.renew(key, result.record.leaseId, leaseMs, update);
          return result;
        },
      }),
  },
];
