import type { LockRecord } from '@lockscope/storage';

import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

const ever = sharedBy(() => new Map<string, LockRecord>());

const ghost: LockRecord = {
  key: 'ghost',
  leaseId: 'ghost',
  holder: { ownerId: 'ghost' },
  fencingToken: 1,
  acquiredAt: 0,
  expiresAt: 0,
};

/** A prefix as SQL's LIKE reads it. */
function like(prefix: string): RegExp {
  const escaped = prefix.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('%', '.*').replaceAll('_', '.')}`, 'is');
}

export const listingDoubles: readonly StorageDouble[] = [
  {
    name: 'lists blank records',
    caughtBy: [
      'expiry: a lease that is over is shown to nobody',
      'share: it is listed once, with all who have it',
      'list: every held lock, in the order of the keys, with its complete record',
      'list: says what the storage knows of the waiters, and its time',
      'damage: other locks work and are listed',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async *list(options) {
          for await (const state of storage.list(options)) {
            yield { ...state, record: { ...state.record, leaseId: '', holder: { ownerId: '' } } };
          }
        },
      }),
  },
  {
    name: 'lists what is not held any more',
    caughtBy: [
      'expiry: a lease that is over is shown to nobody',
      'list: nothing that was released, taken away or ran out',
      'damage: other locks work and are listed',
    ],
    wrap: (storage, world) =>
      withChanges(storage, {
        async acquire(request) {
          const result = await storage.acquire(request);
          if (result.acquired) ever(world).set(request.key, result.record);
          return result;
        },
        async *list({ prefix = '' } = {}) {
          await storage.read('');
          for (const key of [...ever(world).keys()].filter((known) => known.startsWith(prefix)).toSorted()) {
            const state = await storage.read(key);
            yield { ...state, record: state.record ?? (ever(world).get(key) as LockRecord) };
          }
        },
      }),
  },
  {
    name: 'lists a record where there is none',
    caughtBy: ['list: nothing, where nothing is held', 'list: a prefix is text, not a pattern, and its case counts'],
    wrap: (storage) =>
      withChanges(storage, {
        async *list(options) {
          let empty = true;
          for await (const state of storage.list(options)) {
            empty = false;
            yield state;
          }
          if (empty) yield { record: ghost, waiters: [], storageNow: 0 };
        },
      }),
  },
  {
    name: 'shows somebody who waits where nobody was',
    caughtBy: [
      'read: an unknown key has no holder and no waiters',
      'queue: waiters are on record: who, since when, first come first',
    ],
    wrap: (storage, world) =>
      withChanges(storage, {
        async acquire(request) {
          const result = await storage.acquire(request);
          if (result.acquired) ever(world).set(request.key, result.record);
          return result;
        },
        async read(key) {
          const state = await storage.read(key);
          const { leaseId, holder } = ghost;
          return ever(world).has(key) ? state : { ...state, waiters: [{ leaseId, holder, since: 0 }] };
        },
      }),
  },
  {
    name: 'lists in any order',
    caughtBy: [
      'share: it is listed once, with all who have it',
      'list: every held lock, in the order of the keys, with its complete record',
      'list: a prefix is text, not a pattern, and its case counts',
      'list: several hundred locks, each once',
      'list: a loop may end early, and the storage works on',
      'list: locks that come and go meanwhile do not disturb those that stay',
      'damage: other locks work and are listed',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async *list(options) {
          const all = [];
          for await (const state of storage.list(options)) all.push(state);
          yield* all.toReversed();
        },
      }),
  },
  {
    name: 'lists the first page only',
    caughtBy: [
      'list: several hundred locks, each once',
      'list: locks that come and go meanwhile do not disturb those that stay',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async *list(options) {
          let left = 100;
          for await (const state of storage.list(options)) if ((left -= 1) >= 0) yield state;
        },
      }),
  },
  {
    name: 'takes a prefix for a pattern',
    caughtBy: ['list: a prefix is text, not a pattern, and its case counts'],
    wrap: (storage) =>
      withChanges(storage, {
        async *list({ prefix = '' } = {}) {
          for await (const state of storage.list()) if (like(prefix).test(state.record.key)) yield state;
        },
      }),
  },
];
