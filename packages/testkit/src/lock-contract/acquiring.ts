import assert from 'node:assert/strict';

import { lockScripts, type LockScript } from './running.ts';

export const acquiring: readonly LockScript[] = lockScripts(
  'acquire',
  {
    'waits until the holder has released': async (trial) => {
      const first = await trial.acquire('a');
      const second = trial.acquire('a');
      assert.equal(await trial.settlesSoon(second), false, 'a second one got the lock, or gave up, at once');
      await first.release();
      await (await trial.inTime('who waited', second)).release();
      await trial.isFree('a');
    },

    'excludes run, and run excludes it': async (trial) => {
      const lock = await trial.acquire('a');
      let inside = false;
      const run = trial.locks.run('a', () => {
        inside = true;
        return Promise.resolve();
      });
      assert.equal(await trial.settlesSoon(run), false, 'run did not wait');
      assert.equal(inside, false, 'the routine ran while somebody else had the lock');
      await lock.release();
      await trial.inTime('run', run);
    },

    'a second release disturbs nobody': async (trial) => {
      const first = await trial.acquire('a');
      await first.release();
      const second = await trial.inTime('a free lock', trial.acquire('a'));
      await first.release().catch(() => undefined);
      const third = trial.acquire('a');
      assert.equal(await trial.settlesSoon(third), false, 'the second release freed the lock of somebody else');
      await second.release();
      await (await trial.inTime('who waited', third)).release();
    },
  },
  ['acquire'],
);

export const trying: readonly LockScript[] = lockScripts(
  'tryAcquire',
  {
    'gives a free lock, and undefined when it is busy': async (trial) => {
      const lock = await trial.tryAcquire('a');
      assert.ok(lock !== undefined, 'a free lock was refused');
      assert.equal(await trial.inTime('a try at a busy lock', trial.tryAcquire('a')), undefined);
      await lock.release();
      await trial.isFree('a');
    },

    'does not wait behind a run': async (trial) => {
      const tried = trial.locks.run('a', () => trial.inTime('a try at a busy lock', trial.tryAcquire('a')));
      assert.equal(await tried, undefined);
    },
  },
  ['tryAcquire'],
);

export const givingUp: readonly LockScript[] = lockScripts(
  'waitMs',
  {
    'gives up in time; the holder keeps the lock, and nothing is left behind': async (trial) => {
      const lock = await trial.acquire('a');
      await assert.rejects(trial.inTime('an acquire with waitMs', trial.acquire('a', { waitMs: 20 })), notLate);
      const next = trial.acquire('a');
      assert.equal(await trial.settlesSoon(next), false, 'the holder lost the lock to who gave up');
      await lock.release();
      await (await trial.inTime('who waited', next)).release();
      await trial.isFree('a');
    },
  },
  ['acquire', 'waitMs'],
);

export const aborting: readonly LockScript[] = lockScripts(
  'signal',
  {
    'gives up when it fires; the holder keeps the lock, and nothing is left behind': async (trial) => {
      const lock = await trial.acquire('a');
      const abort = new AbortController();
      const aborted = trial.acquire('a', { signal: abort.signal });
      assert.equal(await trial.settlesSoon(aborted), false, 'it did not wait');
      abort.abort();
      await assert.rejects(trial.inTime('an acquire that was aborted', aborted), notLate);
      await lock.release();
      await trial.isFree('a');
    },

    'that has fired before is refused, though the lock is free': async (trial) => {
      const late = trial.acquire('a', { signal: AbortSignal.abort() });
      await assert.rejects(trial.inTime('an acquire that was aborted', late), notLate);
      await trial.isFree('a');
    },
  },
  ['acquire', 'signal'],
);

export const tokens: readonly LockScript[] = lockScripts(
  'tokens',
  {
    'rise from holder to holder': async (trial) => {
      let last = -Infinity;
      for (let turn = 0; turn < 20; turn += 1) {
        const lock = await trial.acquire('a');
        const { fencingToken = Number.NaN } = lock;
        assert.ok(fencingToken > last, `token ${fencingToken} after ${last}`);
        last = fencingToken;
        await lock.release();
      }
    },
  },
  ['acquire', 'tokens'],
);

export const fairness: readonly LockScript[] = lockScripts(
  'fair',
  {
    'ten who wait are served in the order in which they came': async (trial) => {
      const lock = await trial.acquire('a');
      const served: number[] = [];
      const waiting = Array.from({ length: 10 }, async (_, index) => {
        const mine = await trial.acquire('a');
        served.push(index);
        await mine.release();
      });
      await trial.settlesSoon(Promise.race(waiting));
      await lock.release();
      await trial.inTime('all who waited', Promise.all(waiting));
      assert.deepEqual(served, [...waiting.keys()]);
    },
  },
  ['acquire', 'fair'],
);

/** A rejection counts, but not that of a case which waited in vain. */
function notLate(error: unknown): boolean {
  if (error instanceof assert.AssertionError) throw error;
  return true;
}
