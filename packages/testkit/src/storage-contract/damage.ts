import assert from 'node:assert/strict';

import type { LockRecord } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import { listed, longLeaseMs, rejectsWith, show, type Trial } from './trial.ts';

async function damaged(trial: Trial): Promise<LockRecord> {
  const record = await trial.take('damaged');
  await trial.fault('damage', 'damaged');
  return record;
}

/** Refused by a result or by a rejection, but not done. */
async function isNotDone(what: string, call: Promise<object>, done: string): Promise<void> {
  try {
    const result: unknown = await call;
    assert.equal(
      (result as Record<string, unknown>)[done],
      false,
      `${what} was done to a damaged record: ${show(result)}`,
    );
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    assert.equal((error as { code?: unknown }).code, 'FOREIGN_RECORD', String(error));
  }
}

export const damage: readonly Script[] = group(
  'damage',
  {
    'a record that Lockscope did not write is reported as such': async (trial) => {
      await damaged(trial);
      await rejectsWith('FOREIGN_RECORD', 'acquire', () => trial.storage.acquire(trial.request('damaged')));
      await rejectsWith('FOREIGN_RECORD', 'read', () => trial.storage.read('damaged'));
    },

    'it counts as held, and is left as it is': async (trial) => {
      const { leaseId } = await damaged(trial);
      await isNotDone('release', trial.storage.release('damaged', leaseId), 'released');
      await isNotDone('renew', trial.storage.renew('damaged', leaseId, longLeaseMs), 'renewed');
      const other = await trial.second();
      await rejectsWith('FOREIGN_RECORD', 'acquire', () => other.acquire(trial.request('damaged')));
      await rejectsWith('FOREIGN_RECORD', 'read', () => other.read('damaged'));
    },

    'other locks work and are listed': async (trial) => {
      const before = await trial.take('a');
      await damaged(trial);
      const after = await trial.take('z');
      await trial.holds(before);
      assert.deepEqual(await listed(trial.storage), [before, after]);
      await trial.release(before);
    },
  },
  ['faults.damage'],
);
