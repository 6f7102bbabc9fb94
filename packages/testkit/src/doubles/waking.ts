import { handingOver, hearingAgain, onTurns } from './caught-by.ts';
import { sharedBy, telling, withChanges, type StorageDouble, type Tell } from './storage-double.ts';

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
      'news: the holder that watches is told when its lock is taken away',
      'news: the holder that watches is told when its lock is taken away by another instance',
      'news: that a lock was taken away reaches only who had it',
      ...handingOver,
      'share: all who share it and watch are told when it is taken away',
      ...hearingAgain,
    ],
    wrap: (storage) => withChanges(storage, { watch: () => none }),
  },
  {
    name: 'tells nobody of a lock that is taken away',
    caughtBy: [
      'news: who waits and watches is told when the lock is taken away',
      'news: the holder that watches is told when its lock is taken away',
      'news: the holder that watches is told when its lock is taken away by another instance',
      'news: that a lock was taken away reaches only who had it',
      'hand-over: when the lock was taken away',
      'share: all who share it and watch are told when it is taken away',
    ],
    wrap: (storage, world) => {
      const quiet = forced(world);
      const watched = telling(storage, (news, tell, key) => quiet.has(key) || tell(news));
      return withChanges(watched, {
        forceRelease(key) {
          quiet.add(key);
          return storage.forceRelease(key);
        },
      });
    },
  },
  {
    name: 'tells only who began to watch last',
    caughtBy: [
      'news: who has taken the way out hears nothing more, and others still do',
      'news: that a lock was taken away reaches only who had it',
      'hand-over: a released lock is handed to the first waiter that watches, and it is told everything',
      'hand-over: several are served in the order in which they came, on two instances',
      'hand-over: a claim that nobody takes up ends, and the next in line has the lock',
      'hand-over: a waiter that does not watch is not handed the lock: it is kept for it',
      'hand-over: who gives up when the lock was just handed to it gives it back',
      'hand-over: one lease that waits for two locks is handed the one that was freed, then the other',
      'share: all who would share it and wait at the head are handed it together',
      ...onTurns('handed'),
    ],
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
    caughtBy: [
      'news: who waits and watches on another instance is told when the lock is released',
      'news: the holder that watches is told when its lock is taken away by another instance',
      'hand-over: to a waiter on another instance',
      'hand-over: when the lock was taken away',
      'hand-over: several are served in the order in which they came, on two instances',
      'share: all who would share it and wait at the head are handed it together',
      'share: when one that wants it alone leaves, those behind it join those who have it',
      'share: all who share it and watch are told when it is taken away',
      ...onTurns('handed'),
    ],
    wrap: (storage) => {
      const own = new Set<string>();
      const watched = telling(storage, (news, tell, key) => own.has(key) && tell(news));
      return withChanges(watched, {
        release(key, leaseId) {
          own.add(key);
          return storage.release(key, leaseId);
        },
        forceRelease(key) {
          own.add(key);
          return storage.forceRelease(key);
        },
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
    caughtBy: [
      'news: who has taken the way out hears nothing more, and others still do',
      'news: that a lock was taken away reaches only who had it',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        watch(key, leaseId, tell) {
          storage.watch?.(key, leaseId, tell);
          return none;
        },
      }),
  },
];
