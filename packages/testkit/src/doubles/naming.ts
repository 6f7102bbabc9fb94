import type { LockRecord, LockStorage } from '@lockscope/storage';

import { withChanges, type StorageDouble } from './storage-double.ts';

function under<R extends LockRecord | undefined>(record: R, key: string): R {
  return record && { ...record, key };
}

/** A storage in which other keys stand than those that were given, and that shows those that were given. */
function rekeyed(storage: LockStorage, keep: (key: string) => string): LockStorage {
  return withChanges(storage, {
    async acquire(request) {
      const result = await storage.acquire({ ...request, key: keep(request.key) });
      if (!result.acquired) return { ...result, record: under(result.record, request.key) };
      return { ...result, record: under(result.record, request.key) };
    },
    async renew(key, leaseId, leaseMs, update) {
      const result = await storage.renew(keep(key), leaseId, leaseMs, update);
      return result.renewed ? result : { ...result, record: under(result.record, key) };
    },
    async release(key, leaseId) {
      const result = await storage.release(keep(key), leaseId);
      return { ...result, record: under(result.record, key) };
    },
    leave: async (key, leaseId) => storage.leave?.(keep(key), leaseId),
    watch: (key, leaseId, tell) =>
      storage.watch?.(keep(key), leaseId, (news) => {
        if (news.type !== 'granted') return tell(news);
        tell({ ...news, result: { ...news.result, record: under(news.result.record, key) } });
      }) ?? (() => undefined),
    forceRelease: async (key) => under(await storage.forceRelease(keep(key)), key),
    async read(key) {
      const state = await storage.read(keep(key));
      const sharers = state.sharers?.map((record) => under(record, key));
      return { ...state, record: under(state.record, key), ...(sharers && { sharers }) };
    },
  });
}

export const namingDoubles: readonly StorageDouble[] = [
  {
    name: 'does not see the case of keys',
    caughtBy: [
      'keys: keys that differ only in case, blanks, accents or punctuation are different locks',
      'keys: keys that look empty or special are keys like others',
      'list: every held lock, in the order of the keys, with its complete record',
      'list: a prefix is text, not a pattern, and its case counts',
    ],
    wrap: (storage) => rekeyed(storage, (key) => key.toLowerCase()),
  },
  {
    name: 'cuts blanks off keys',
    caughtBy: [
      'keys: keys that differ only in case, blanks, accents or punctuation are different locks',
      'keys: keys that look empty or special are keys like others',
    ],
    wrap: (storage) => rekeyed(storage, (key) => key.trim()),
  },
  {
    name: 'cuts long keys',
    caughtBy: ['keys: keys of 512 characters work, and the last one counts'],
    wrap: (storage) => rekeyed(storage, (key) => key.slice(0, 255)),
  },
  {
    name: 'takes what comes before a slash for the key',
    caughtBy: ['acquire: locks of other keys are not in the way'],
    wrap: (storage) => rekeyed(storage, (key) => (key.startsWith('orders/') ? 'orders' : key)),
  },
  {
    name: 'has a name that is no label',
    caughtBy: ['name: says the kind, without blanks around it, in lower case'],
    wrap: (storage) => withChanges(storage, { name: ' Memory Storage ' }),
  },
  {
    name: 'fills in what the holder did not tell',
    caughtBy: [
      'acquire: a free lock is given, with a complete record',
      'holder: an owner alone is read back as an owner alone',
      'queue: waiters are on record: who, since when, first come first',
      'behind: those who wait behind another are on record after it, with its lease',
      'behind: a later attempt says anew who waits behind',
      'behind: they are no waiters of their own: nobody is sent behind them, and they go with whom they wait behind',
      'behind: of those behind, 100 are on record',
      'hand-over: a released lock is handed to the first waiter that watches, and it is told everything',
      'hand-over: to a waiter on another instance',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        acquire: ({ holder, ...request }) => storage.acquire({ ...request, holder: { host: '', ...holder } }),
      }),
  },
  {
    name: 'keeps only who the holder is',
    caughtBy: [
      'acquire: a busy lock is refused, and the answer tells the holder with all its fields',
      'holder: texts of the greatest length are read back whole',
      'holder: quotes, line ends, empty texts and markup are only text',
      'queue: waiters are on record: who, since when, first come first',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        acquire: ({ holder, ...request }) => storage.acquire({ ...request, holder: { ownerId: holder.ownerId } }),
      }),
  },
  {
    name: 'cuts what the holder tells',
    caughtBy: ['holder: texts of the greatest length are read back whole'],
    wrap: (storage) =>
      withChanges(storage, {
        acquire: ({ holder: { host, ...holder }, ...request }) =>
          storage.acquire({
            ...request,
            holder: { ...holder, ...(host !== undefined && { host: host.slice(0, 64) }) },
          }),
      }),
  },
];
