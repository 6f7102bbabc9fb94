import type { LeaseNews } from '@lockscope/storage';

import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

type Tell = (news: LeaseNews) => void;

const forced = sharedBy(() => new Set<string>());
const none = (): void => undefined;

export const wakingDoubles: readonly StorageDouble[] = [
  {
    name: 'never tells anybody',
    caughtBy: [
      'news: who waits and watches is told when the lock is released',
      'news: who waits and watches on another instance is told when the lock is released',
      'news: who waits and watches is told when the lock is taken away',
      'news: who has taken the way out hears nothing more, and others still do',
      'news: never comes from inside another call',
    ],
    wrap: (storage) => withChanges(storage, { watch: () => none }),
  },
  {
    name: 'tells nobody of a lock that is taken away',
    caughtBy: ['news: who waits and watches is told when the lock is taken away'],
    wrap: (storage, world) => {
      const quiet = forced(world);
      return withChanges(storage, {
        forceRelease(key) {
          quiet.add(key);
          return storage.forceRelease(key);
        },
        watch: (key, leaseId, tell) => storage.watch?.(key, leaseId, (news) => quiet.has(key) || tell(news)) ?? none,
      });
    },
  },
  {
    name: 'tells only who began to watch last',
    caughtBy: ['news: who has taken the way out hears nothing more, and others still do'],
    wrap: (storage) => {
      let last: Tell | undefined;
      return withChanges(storage, {
        watch(key, leaseId, tell) {
          last = tell;
          return storage.watch?.(key, leaseId, (news) => tell === last && tell(news)) ?? none;
        },
      });
    },
  },
  {
    name: 'tells only its own instance',
    caughtBy: ['news: who waits and watches on another instance is told when the lock is released'],
    wrap: (storage) => {
      const own = new Set<string>();
      return withChanges(storage, {
        release(key, leaseId) {
          own.add(key);
          return storage.release(key, leaseId);
        },
        forceRelease(key) {
          own.add(key);
          return storage.forceRelease(key);
        },
        watch: (key, leaseId, tell) => storage.watch?.(key, leaseId, (news) => own.has(key) && tell(news)) ?? none,
      });
    },
  },
  {
    name: 'tells from inside the release',
    caughtBy: ['news: never comes from inside another call'],
    wrap: (storage) => {
      const watchers = new Set<Tell>();
      return withChanges(storage, {
        release(key, leaseId) {
          for (const tell of watchers) tell({ type: 'ask' });
          return storage.release(key, leaseId);
        },
        watch(key, leaseId, tell) {
          const entry: Tell = (news) => tell(news);
          watchers.add(entry);
          const stop = storage.watch?.(key, leaseId, entry);
          return () => {
            watchers.delete(entry);
            stop?.();
          };
        },
      });
    },
  },
  {
    name: 'tells who has gone',
    caughtBy: ['news: who has taken the way out hears nothing more, and others still do'],
    wrap: (storage) =>
      withChanges(storage, {
        watch(key, leaseId, tell) {
          storage.watch?.(key, leaseId, tell);
          return none;
        },
      }),
  },
];
