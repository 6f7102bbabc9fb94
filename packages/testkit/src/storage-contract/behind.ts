import assert from 'node:assert/strict';

import type { AcquireRequest, Companion, WaiterRecord } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import { about, type Trial } from './trial.ts';
import { waiting } from './waiter.ts';

const mostBehind = 100;

function companions(count: number): Companion[] {
  return Array.from({ length: count }, (_, index) => ({
    holder: { ownerId: `companion ${index}`, pid: index },
    waitedMs: 5_000 - index,
  }));
}

async function waiters(trial: Trial): Promise<readonly WaiterRecord[]> {
  return (await trial.storage.read('a')).waiters;
}

/** Demands that these wait, in this order, each followed by those behind it. */
async function areOnRecord(trial: Trial, ...requests: readonly AcquireRequest[]): Promise<void> {
  const expected = requests.flatMap(({ leaseId, holder, behind = [] }) =>
    [holder, ...behind.map((one) => one.holder)].map((each) => [leaseId, each]),
  );
  const told = await waiters(trial);
  assert.deepEqual(
    told.map(({ leaseId, holder }) => [leaseId, holder]),
    expected,
  );
}

export const behind: readonly Script[] = group(
  'behind',
  {
    'those who wait behind another are on record after it, with its lease': async (trial) => {
      await trial.take('a');
      const first = waiting(trial, 'a', { behind: companions(3) });
      const second = waiting(trial, 'a', { behind: companions(1) });
      await trial.refuse(first);
      await trial.refuse(second, await trial.second());
      await areOnRecord(trial, first, second);
      const listed: number[] = [];
      for await (const state of trial.storage.list()) listed.push(state.waiters.length);
      assert.deepEqual(listed, [6], 'those who are listed with the lock');
    },

    'since when they wait is told by the clock of the storage': async (trial) => {
      await trial.take('a');
      const { storageNow } = await trial.refuse(waiting(trial, 'a', { behind: companions(2) }));
      const [, one, two] = await waiters(trial);
      assert.ok(one !== undefined && two !== undefined, 'those behind are not on record');
      assert.ok(
        Math.abs(one.since - (storageNow - 5_000)) <= 1_000,
        `since ${one.since}, the storage said ${storageNow}`,
      );
      about(two.since, one.since + 1, 'since when the second waits');
    },

    'a later attempt says anew who waits behind': async (trial) => {
      await trial.take('a');
      const request = waiting(trial, 'a', { behind: companions(3) });
      await trial.refuse(request);
      const fewer = { ...request, behind: companions(3).slice(1, 2) };
      await trial.refuse(fewer);
      await areOnRecord(trial, fewer);
      const others = { ...request, behind: [{ holder: { ownerId: 'other' }, waitedMs: 0 }] };
      await trial.refuse(others);
      await areOnRecord(trial, others);
      await trial.refuse({ ...request, behind: [] });
      await areOnRecord(trial, { ...request, behind: [] });
    },

    'they are no waiters of their own: nobody is sent behind them, and they go with whom they wait behind': async (
      trial,
    ) => {
      const holder = await trial.take('a');
      const first = waiting(trial, 'a', { behind: companions(3) });
      const second = waiting(trial);
      await trial.refuse(first);
      assert.equal((await trial.refuse(second)).ahead, 1, 'one waits before the second');
      await trial.release(holder);
      const { record } = await trial.grant(first);
      await areOnRecord(trial, second);
      const third = waiting(trial, 'a', { behind: companions(3) });
      await trial.refuse(third);
      await trial.storage.leave?.('a', third.leaseId);
      await areOnRecord(trial, second);
      await trial.release(record);
      await trial.grant(second);
    },

    [`of those behind, ${mostBehind} are on record`]: async (trial) => {
      await trial.take('a');
      const request = waiting(trial, 'a', { behind: companions(mostBehind + 50) });
      await trial.refuse(request);
      await areOnRecord(trial, { ...request, behind: companions(mostBehind) });
    },
  },
  ['queues'],
);
