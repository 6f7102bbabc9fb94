import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { LockTrial } from './lock-trial.ts';
import type { TestableLocks } from './options.ts';

/** One case before it is bound to locks. */
export interface LockScript {
  readonly name: string;
  readonly needs: readonly string[];
  readonly body: (trial: LockTrial) => Promise<void>;
}

/** The scripts of one group. */
export function lockScripts(
  name: string,
  promises: Readonly<Record<string, LockScript['body']>>,
  needs: readonly string[] = [],
): LockScript[] {
  return Object.entries(promises).map(([promise, body]) => ({ name: `${name}: ${promise}`, needs, body }));
}

/** As many as the options say add to a number in a file, all at once; none of it may get lost. */
async function countsUnderLock(trial: LockTrial, all: readonly TestableLocks[]): Promise<void> {
  const { contenders } = trial.options;
  const counter = await trial.counter();
  const turns = Array.from({ length: contenders }, (_, index) => {
    const locks = all[index % all.length] ?? trial.locks;
    return locks.run('counter', () => counter.add());
  });
  await trial.inTime('every turn', Promise.all(turns));
  assert.equal(await counter.read(), contenders, 'updates were lost');
}

export const running: readonly LockScript[] = [
  ...lockScripts('run', {
    'gives what the routine gives': async (trial) => {
      const result = { some: 'result' };
      assert.equal(await trial.locks.run('a', () => Promise.resolve(result)), result);
    },

    'passes on what the routine throws, and leaves the lock free': async (trial) => {
      const thrown = new Error('thrown by the routine');
      const run = trial.locks.run('a', () => Promise.reject(thrown));
      await assert.rejects(trial.inTime('a routine that throws', run), (error) => error === thrown);
      await trial.isFree('a');
    },

    'leaves the lock free for the next': async (trial) => {
      for (let turn = 0; turn < 3; turn += 1) await trial.isFree('a');
    },

    'never has two routines inside under one key': async (trial) => {
      let inside = 0;
      let most = 0;
      const routine = async (): Promise<void> => {
        inside += 1;
        most = Math.max(most, inside);
        await nextTurn();
        await nextTurn();
        inside -= 1;
      };
      const other = await trial.second();
      const runs = [trial.locks, other, trial.locks, other].flatMap((locks) => [
        locks.run('a', routine),
        locks.run('a', routine),
      ]);
      await trial.inTime('every routine', Promise.all(runs));
      assert.equal(most, 1, `${most} were inside at once`);
    },

    'has routines of different keys inside at the same time': async (trial) => {
      let arrived = 0;
      const all = new EventEmitter();
      const together = once(all, 'here');
      const routine = (): Promise<unknown> => {
        arrived += 1;
        if (arrived === 3) all.emit('here');
        return together;
      };
      const runs = ['a', 'b', 'c'].map((key) => trial.locks.run(key, routine));
      try {
        await trial.inTime('three routines that wait for each other', Promise.all(runs));
      } finally {
        all.emit('here');
      }
    },
  }),
  ...lockScripts('counter', {
    'many contenders lose no update': (trial) => countsUnderLock(trial, [trial.locks]),
  }),
];

export const runningOnTwo: readonly LockScript[] = lockScripts(
  'counter',
  {
    'contenders on two instances lose no update': async (trial) =>
      countsUnderLock(trial, [trial.locks, await trial.second()]),
  },
  ['second'],
);
