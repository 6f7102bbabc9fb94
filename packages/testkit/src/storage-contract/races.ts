import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { AcquireResult, LockStorage } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import { show, type Granted, type Trial } from './trial.ts';

const contenders = 100;

/** A hundred attempts at once, half of them on each instance; gives the one that won. */
async function onlyOneWins(trial: Trial): Promise<Granted> {
  const instances: readonly LockStorage[] = [trial.storage, await trial.second()];
  const results = await Promise.all(
    Array.from({ length: contenders }, (_, index): Promise<AcquireResult> => {
      const storage = instances[index % instances.length] ?? trial.storage;
      return storage.acquire(trial.request('a'));
    }),
  );
  const [winner, ...more] = results.filter((result) => result.acquired);
  assert.ok(winner !== undefined, 'a free lock was given to none of 100');
  assert.deepEqual(
    more.map(({ record }) => record.holder.ownerId),
    [],
    'a lock was given more than once',
  );
  for (const result of results) {
    if (!result.acquired) assert.deepEqual(result.record, winner.record, 'a loser was told of another holder');
  }
  await trial.holds(winner.record);
  return winner;
}

/** Adds to a number that nothing but the lock protects: reads it, lets others run, writes it. */
async function addUnderLock(
  trial: Trial,
  storage: LockStorage,
  counter: { value: number; inside: number },
  turns: number,
): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    const request = trial.request('counter');
    const end = performance.now() + 2 * trial.options.patienceMs;
    while (!(await storage.acquire(request)).acquired) {
      assert.ok(performance.now() < end, 'a lock that others release again and again was never free');
      await nextTurn();
    }
    counter.inside += 1;
    assert.equal(counter.inside, 1, 'two have the lock');
    const before = counter.value;
    await nextTurn();
    counter.value = before + 1;
    counter.inside -= 1;
    await trial.release(request, storage);
  }
}

export const races: readonly Script[] = group('races', {
  'of 100 that want a free lock, one gets it, and the others are told who': async (trial) => {
    await onlyOneWins(trial);
  },

  'of 100 that want a lock whose lease ran out, one gets it': async (trial) => {
    const before = await trial.take('a', { leaseMs: trial.shortMs });
    await trial.passShortLease();
    const { previous, record } = await onlyOneWins(trial);
    assert.equal(previous?.fencingToken, before.fencingToken);
    assert.ok(record.fencingToken > before.fencingToken, `token ${record.fencingToken} after ${before.fencingToken}`);
  },

  'of several releases of one lease, one counts': async (trial) => {
    const { leaseId } = await trial.take('a');
    const other = await trial.second();
    const results = await Promise.all(
      [trial.storage, other, trial.storage, other].map((storage) => storage.release('a', leaseId)),
    );
    assert.equal(results.filter(({ released }) => released).length, 1, show(results));
  },

  'a renewal and a release at the same time leave the lock held or free, never in between': async (trial) => {
    for (let round = 0; round < 20; round += 1) {
      const { leaseId } = await trial.take('a');
      const other = await trial.second();
      const [, { released }] = await Promise.all([
        trial.storage.renew('a', leaseId, 1000),
        other.release('a', leaseId),
      ]);
      assert.ok(released, 'the holder could not release');
      await trial.isFree('a');
    }
  },

  'no update is lost under the lock, from two instances': async (trial) => {
    const counter = { value: 0, inside: 0 };
    const turns = 10;
    const other = await trial.second();
    const workers = [trial.storage, other, trial.storage, other, trial.storage, other];
    await Promise.all(workers.map((storage) => addUnderLock(trial, storage, counter, turns)));
    assert.equal(counter.value, workers.length * turns, 'updates were lost');
  },
});
