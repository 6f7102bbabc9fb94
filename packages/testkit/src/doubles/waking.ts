import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

const watching = sharedBy(() => new Map<string, Set<() => void>>());

export const wakingDoubles: readonly StorageDouble[] = [
  {
    name: 'never wakes anybody',
    caughtBy: [
      'notifications: a release wakes who watches',
      'notifications: a release wakes who watches on another instance',
      'notifications: a lock that is taken away wakes who watches',
      'notifications: all who watch one lock are woken',
      'notifications: who has taken the way out hears nothing more, and others still do',
      'notifications: a wake never comes from inside another call',
    ],
    wrap: (storage) => withChanges(storage, { watch: () => () => undefined }),
  },
  {
    name: 'wakes only on a release',
    caughtBy: ['notifications: a lock that is taken away wakes who watches'],
    wrap: (storage, world) => {
      const watchers = watching(world);
      return withChanges(storage, {
        async release(key, leaseId) {
          const result = await storage.release(key, leaseId);
          for (const wake of watchers.get(key) ?? []) wake();
          return result;
        },
        watch(key, wake) {
          const entry = (): void => wake();
          const ofKey = watchers.get(key) ?? new Set();
          watchers.set(key, ofKey.add(entry));
          return () => ofKey.delete(entry);
        },
      });
    },
  },
  {
    name: 'wakes only who watched last',
    caughtBy: ['notifications: all who watch one lock are woken'],
    wrap: (storage) => {
      let last: (() => void) | undefined;
      return withChanges(storage, {
        watch(key, wake) {
          last = wake;
          return storage.watch?.(key, () => wake === last && wake()) ?? (() => undefined);
        },
      });
    },
  },
  {
    name: 'wakes from inside the release',
    caughtBy: ['notifications: a wake never comes from inside another call'],
    wrap: (storage) => {
      const wakes = new Set<() => void>();
      return withChanges(storage, {
        release(key, leaseId) {
          for (const wake of wakes) wake();
          return storage.release(key, leaseId);
        },
        watch(key, wake) {
          const entry = (): void => wake();
          wakes.add(entry);
          const stop = storage.watch?.(key, entry);
          return () => {
            wakes.delete(entry);
            stop?.();
          };
        },
      });
    },
  },
  {
    name: 'wakes who has gone',
    caughtBy: ['notifications: who has taken the way out hears nothing more, and others still do'],
    wrap: (storage) =>
      withChanges(storage, {
        watch(key, wake) {
          storage.watch?.(key, wake);
          return () => undefined;
        },
      }),
  },
];
