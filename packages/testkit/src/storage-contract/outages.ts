import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import type { AcquireRequest, LockRecord } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import type { Granted, Trial } from './trial.ts';

/** An outage may fail a call, but only with the error that says that the outcome is unknown. */
function isOutage(error: unknown): void {
  assert.equal((error as { code?: unknown }).code, 'STORAGE_FAILED', `an outage rejected with ${String(error)}`);
}

/** Calls until it works, as somebody does who waits for the end of an outage. */
async function worksAgain<T>(trial: Trial, what: string, call: () => Promise<T>): Promise<T> {
  const end = performance.now() + trial.options.patienceMs;
  for (;;) {
    try {
      return await trial.inTime(what, call());
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      isOutage(error);
      assert.ok(performance.now() < end, `${what} still fails ${trial.options.patienceMs} ms after the outage`);
    }
    await sleep(10);
  }
}

async function granted(trial: Trial, request: AcquireRequest): Promise<Granted> {
  const result = await worksAgain(trial, 'acquire', () => trial.storage.acquire(request));
  assert.ok(result.acquired, 'a free lock was refused after the outage');
  return result;
}

/** Before the outage one lock is held and one was used; after it, both are as they were. */
async function survives(trial: Trial, outage: () => Promise<void>): Promise<void> {
  const held = await trial.take('held');
  const used = await trial.take('used');
  await trial.release(used);
  await outage();
  const state = await worksAgain(trial, 'read', () => trial.storage.read('held'));
  assert.deepEqual(state.record, held, 'the holder changed in the outage');
  await worksAgain(trial, 'acquire', () => trial.refuse(trial.request('held')));
  const { record } = await granted(trial, trial.request('used'));
  assert.ok(record.fencingToken > used.fencingToken, `token ${record.fencingToken} after ${used.fencingToken}`);
  await worksAgain(trial, 'release', () => trial.storage.release('held', held.leaseId));
  await trial.isFree('held');
}

export const connections: readonly Script[] = group(
  'connection',
  {
    'after it broke, the storage finds a new one by itself, and no lock was lost': (trial) =>
      survives(trial, () => trial.fault('dropConnection')),

    'that breaks under an attempt leaves a lock that the same lease can have': async (trial) => {
      const request = trial.request('a');
      const attempt = trial.storage.acquire(request).catch(isOutage);
      await trial.fault('dropConnection');
      await trial.inTime('the attempt', attempt);
      await granted(trial, request);
      await trial.refuse(trial.request('a'));
    },
  },
  ['faults.dropConnection'],
);

export const stalls: readonly Script[] = group(
  'stall',
  {
    'a server that stood still goes on with the same holders and rising tokens': (trial) =>
      survives(trial, async () => {
        await trial.fault('freeze');
        await trial.fault('thaw');
      }),

    'calls that met it settle when it is over, and what they asked for can be asked again': async (trial) => {
      const held: LockRecord = await trial.take('held');
      await trial.fault('freeze');
      const request = trial.request('a');
      const met = [
        trial.storage.acquire(request).catch(isOutage),
        trial.storage.renew('held', held.leaseId, 60_000).catch(isOutage),
        trial.storage.read('a').catch(isOutage),
      ];
      // As long as calls need to reach a server that does not read: a bound, no measurement.
      await sleep(50);
      await trial.fault('thaw');
      await trial.inTime('a call that met the stall', Promise.all(met));
      await granted(trial, request);
      await trial.refuse(trial.request('a'));
    },
  },
  ['faults.freeze', 'faults.thaw'],
);

export const restarts: readonly Script[] = group(
  'restart',
  {
    'of the server loses no lock, and no token comes twice': (trial) => survives(trial, () => trial.fault('restart')),
  },
  ['durable', 'faults.restart'],
);

export const restartsWithoutMemory: readonly Script[] = group(
  'restart',
  {
    'of the server is survived by the storage, though not by the locks': async (trial) => {
      await trial.take('a');
      await trial.fault('restart');
      await granted(trial, trial.request('b'));
    },
  },
  ['faults.restart'],
);
