import { setImmediate as nextTurn } from 'node:timers/promises';

import type { TestableAcquireOptions, TestableLock, TestableLocks } from '../lock-contract/options.ts';

/** Locks that can do everything, for doubles to break. */
export type CapableLocks = Required<TestableLocks>;

/** Locks with one defect, made from good ones, to show that the contract sees it. */
export interface LockDouble {
  /** The defect in words. */
  readonly name: string;
  /** Every case of `lockContract` within one process that they must fail; all others they pass. */
  readonly caughtBy: readonly string[];
  readonly wrap: (locks: CapableLocks) => TestableLocks;
}

function withChanges(locks: CapableLocks, changes: Partial<CapableLocks>): CapableLocks {
  return {
    run: (key, routine) => locks.run(key, routine),
    acquire: (key, options) => locks.acquire(key, options),
    tryAcquire: (key) => locks.tryAcquire(key),
    close: () => locks.close(),
    ...changes,
  };
}

/** To be had at any time. */
const noLock: TestableLock = { release: () => Promise.resolve() };

async function issueInTurn(queue: (() => void)[]): Promise<void> {
  await nextTurn();
  for (const issue of queue.splice(0).toReversed()) issue();
}

/** Locks with one defect each. The contract is believed only because it fails them. */
export const lockDoubles: readonly LockDouble[] = Object.freeze<LockDouble[]>([
  {
    name: 'do nothing',
    caughtBy: [
      'run: never has two routines inside under one key',
      'counter: many contenders lose no update',
      'counter: contenders on two instances lose no update',
      'acquire: waits until the holder has released',
      'acquire: excludes run, and run excludes it',
      'acquire: a second release disturbs nobody',
      'tryAcquire: gives a free lock, and undefined when it is busy',
      'tryAcquire: does not wait behind a run',
      'waitMs: gives up in time; the holder keeps the lock, and nothing is left behind',
      'signal: gives up when it fires; the holder keeps the lock, and nothing is left behind',
      'signal: that has fired before is refused, though the lock is free',
      'tokens: rise from holder to holder',
    ],
    wrap: (locks) =>
      withChanges(locks, {
        run: (_, routine) => routine(),
        acquire: () => Promise.resolve(noLock),
        tryAcquire: () => Promise.resolve(noLock),
      }),
  },
  {
    name: 'let one in four in without the lock',
    caughtBy: [
      'run: never has two routines inside under one key',
      'counter: many contenders lose no update',
      'counter: contenders on two instances lose no update',
    ],
    wrap: (locks) => {
      let runs = 0;
      return withChanges(locks, {
        run(key, routine) {
          runs += 1;
          return runs % 4 === 0 ? routine() : locks.run(key, routine);
        },
      });
    },
  },
  {
    name: 'lose what the routine gives',
    caughtBy: ['run: gives what the routine gives'],
    wrap: (locks) =>
      withChanges(locks, { run: (key, routine) => locks.run(key, routine).then(() => undefined as never) }),
  },
  {
    name: 'stay locked after every run',
    caughtBy: [
      'run: passes on what the routine throws, and leaves the lock free',
      'run: leaves the lock free for the next',
      'run: never has two routines inside under one key',
      'counter: many contenders lose no update',
      'counter: contenders on two instances lose no update',
    ],
    wrap: (locks) =>
      withChanges(locks, {
        async run(key, routine) {
          await locks.acquire(key);
          return routine();
        },
      }),
  },
  {
    name: 'stay locked when the routine throws',
    caughtBy: ['run: passes on what the routine throws, and leaves the lock free'],
    wrap: (locks) =>
      withChanges(locks, {
        async run(key, routine) {
          const lock = await locks.acquire(key);
          const result = await routine();
          await lock.release();
          return result;
        },
      }),
  },
  {
    name: 'swallow what the routine throws',
    caughtBy: ['run: passes on what the routine throws, and leaves the lock free'],
    wrap: (locks) =>
      withChanges(locks, { run: (key, routine) => locks.run(key, () => routine().catch(() => undefined as never)) }),
  },
  {
    name: 'release before the routine is done',
    caughtBy: [
      'run: never has two routines inside under one key',
      'counter: many contenders lose no update',
      'counter: contenders on two instances lose no update',
    ],
    wrap: (locks) =>
      withChanges(locks, {
        async run(key, routine) {
          const lock = await locks.acquire(key);
          const result = routine();
          await lock.release();
          return result;
        },
      }),
  },
  {
    name: 'have one lock for all keys',
    caughtBy: ['run: has routines of different keys inside at the same time'],
    wrap: (locks) => withChanges(locks, { run: (_, routine) => locks.run('a', routine) }),
  },
  {
    name: 'do not wait',
    caughtBy: [
      'acquire: waits until the holder has released',
      'acquire: a second release disturbs nobody',
      'waitMs: gives up in time; the holder keeps the lock, and nothing is left behind',
      'signal: gives up when it fires; the holder keeps the lock, and nothing is left behind',
      'fair: ten who wait are served in the order in which they came',
    ],
    wrap: (locks) =>
      withChanges(locks, {
        async acquire(key, options) {
          options?.signal?.throwIfAborted();
          const lock = await locks.tryAcquire(key);
          if (lock === undefined) throw new Error('busy');
          return lock;
        },
      }),
  },
  {
    name: 'wait when they should only try',
    caughtBy: [
      'tryAcquire: gives a free lock, and undefined when it is busy',
      'tryAcquire: does not wait behind a run',
    ],
    wrap: (locks) => withChanges(locks, { tryAcquire: (key) => locks.acquire(key) }),
  },
  {
    name: 'wait longer than they may',
    caughtBy: ['waitMs: gives up in time; the holder keeps the lock, and nothing is left behind'],
    wrap: (locks) =>
      withChanges(locks, {
        acquire: (key, options = {}) => {
          const { signal } = options;
          return locks.acquire(key, signal === undefined ? {} : { signal });
        },
      }),
  },
  {
    name: 'do not listen to the signal',
    caughtBy: [
      'signal: gives up when it fires; the holder keeps the lock, and nothing is left behind',
      'signal: that has fired before is refused, though the lock is free',
    ],
    wrap: (locks) =>
      withChanges(locks, {
        acquire: (key, { waitMs }: TestableAcquireOptions = {}) =>
          locks.acquire(key, waitMs === undefined ? {} : { waitMs }),
      }),
  },
  {
    name: 'still take the lock after they gave up',
    caughtBy: [
      'signal: gives up when it fires; the holder keeps the lock, and nothing is left behind',
      'signal: that has fired before is refused, though the lock is free',
    ],
    wrap: (locks) =>
      withChanges(locks, {
        acquire(key, { signal, ...options } = {}) {
          if (signal === undefined) return locks.acquire(key, options);
          const lock = locks.acquire(key, options);
          return new Promise((resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('aborted')));
            if (signal.aborted) reject(new Error('aborted'));
            lock.then(resolve, reject);
          });
        },
      }),
  },
  {
    name: 'release the lock of whoever has it',
    caughtBy: ['acquire: a second release disturbs nobody'],
    wrap: (locks) => {
      const held = new Map<string, TestableLock>();
      return withChanges(locks, {
        async acquire(key, options) {
          const lock = await locks.acquire(key, options);
          held.set(key, lock);
          const { fencingToken = 0 } = lock;
          return { fencingToken, release: () => held.get(key)?.release() ?? Promise.resolve() };
        },
      });
    },
  },
  {
    name: 'give the same token twice',
    caughtBy: ['tokens: rise from holder to holder'],
    wrap: (locks) =>
      withChanges(locks, {
        async acquire(key, options) {
          const lock = await locks.acquire(key, options);
          return { fencingToken: Math.ceil((lock.fencingToken ?? 0) / 2), release: () => lock.release() };
        },
      }),
  },
  {
    name: 'serve who came last',
    caughtBy: ['fair: ten who wait are served in the order in which they came'],
    wrap: (locks) => {
      const queue: (() => void)[] = [];
      return withChanges(locks, {
        acquire: (key, options) =>
          new Promise((resolve, reject) => {
            queue.push(() => void locks.acquire(key, options).then(resolve, reject));
            if (queue.length === 1) void issueInTurn(queue);
          }),
      });
    },
  },
]);
