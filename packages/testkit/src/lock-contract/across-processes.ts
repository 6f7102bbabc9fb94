import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { neverTwoInside } from './file-counter.ts';
import { LockProcess } from './lock-process.ts';
import { lockScripts, type LockScript } from './running.ts';

/** As long as a lock that excludes nobody would need to let a second process in: a bound, no measurement. */
const lookMs = 100;

export const acrossProcesses: readonly LockScript[] = lockScripts(
  'processes',
  {
    'contenders in several processes lose no update, and are never inside at once': async (trial) => {
      const { count = 3, contenders = 20 } = trial.options.processes ?? {};
      const counter = await trial.counter();
      const names = Array.from({ length: count }, (_, index) => `p${index + 1}`);
      const started = await Promise.all(names.map((name) => LockProcess.start(trial, counter, name, contenders)));
      for (const each of started) each.go();
      await Promise.all(started.map((each) => each.isDone()));
      neverTwoInside(await counter.journal());
      assert.equal(await counter.read(), count * contenders, 'updates were lost');
    },

    'a lock that one process has keeps the other out': async (trial) => {
      const counter = await trial.counter();
      const stays = await LockProcess.start(trial, counter, 'stays', 0);
      stays.go();
      await stays.isInside();
      let inside = false;
      const run = trial.locks.run('counter', () => {
        inside = true;
        return Promise.resolve();
      });
      run.catch(() => undefined);
      await sleep(lookMs);
      assert.equal(inside, false, 'this process got a lock that another has');
    },
  },
  ['processes'],
);

export const killing: readonly LockScript[] = lockScripts(
  'processes',
  {
    'a holder that is killed keeps the others out for no longer than its lease': async (trial) => {
      const { leaseMs = 0 } = trial.options.processes ?? {};
      const counter = await trial.counter();
      const victim = await LockProcess.start(trial, counter, 'victim', 0);
      const heir = await LockProcess.start(trial, counter, 'heir', 1);
      victim.go();
      await victim.isInside();
      heir.go();
      await sleep(lookMs);
      await counter.note('killed victim');
      await victim.kill();
      await heir.isDone(leaseMs + trial.options.patienceMs);
      const [first, second, third] = await counter.journal();
      assert.deepEqual(
        [first, second, third],
        ['enter victim', 'killed victim', 'enter heir.1'],
        'the order of events',
      );
    },
  },
  ['processes', 'processes.leaseMs'],
);
