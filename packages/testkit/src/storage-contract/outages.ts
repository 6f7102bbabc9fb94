import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import type { AcquireRequest, LockRecord } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import { longLeaseMs, type Granted, type Trial } from './trial.ts';
import { isCalled, waits } from './waiter.ts';

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
        trial.storage.renew('held', held.leaseId, longLeaseMs).catch(isOutage),
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

/** An attempt for each key, all under way when the server is killed; then each lease asks again and has its lock. */
async function attemptsMeetAKill(trial: Trial, isDurable: boolean): Promise<void> {
  const requests = Array.from({ length: 10 }, (_, index) => trial.request(`key/${index}`));
  const attempts = requests.map((request) => trial.storage.acquire(request).catch(isOutage));
  await trial.fault('restart');
  const answers = await trial.inTime('an attempt that met a kill', Promise.all(attempts));
  for (const [index, request] of requests.entries()) {
    const { record } = await granted(trial, request);
    const answer = answers[index];
    if (isDurable && answer?.acquired) {
      assert.equal(record.fencingToken, answer.record.fencingToken, 'a lock that had been given was given again');
    }
    await worksAgain(trial, 'acquire', () => trial.refuse(trial.request(request.key)));
    await worksAgain(trial, 'release', () => trial.storage.release(request.key, request.leaseId));
    const { fencingToken } = (await granted(trial, trial.request(request.key))).record;
    assert.ok(fencingToken > record.fencingToken, `token ${fencingToken} after ${record.fencingToken}`);
  }
}

/** Renewals and releases under way when the server is killed; then the same leases ask again. */
async function changesMeetAKill(trial: Trial): Promise<void> {
  const renewing: LockRecord[] = [];
  const releasing: LockRecord[] = [];
  for (let index = 0; index < 5; index += 1) {
    renewing.push(await trial.take(`renewing/${index}`));
    releasing.push(await trial.take(`releasing/${index}`));
  }
  const { storage } = trial;
  const renewals = renewing.map(({ key, leaseId }) => storage.renew(key, leaseId, longLeaseMs).catch(isOutage));
  const releases = releasing.map(({ key, leaseId }) => storage.release(key, leaseId).catch(isOutage));
  await trial.fault('restart');
  await trial.inTime('a renewal that met a kill', Promise.all(renewals));
  await trial.inTime('a release that met a kill', Promise.all(releases));
  for (const { key, leaseId } of renewing) {
    const { renewed } = await worksAgain(trial, 'renew', () => storage.renew(key, leaseId, longLeaseMs));
    assert.ok(renewed, 'the holder could not renew after the kill');
  }
  for (const { key, leaseId, fencingToken } of releasing) {
    await worksAgain(trial, 'release', () => storage.release(key, leaseId));
    const next = await granted(trial, trial.request(key));
    assert.ok(next.record.fencingToken > fencingToken, `token ${next.record.fencingToken} after ${fencingToken}`);
  }
}

/** Who waits and watches is told after an outage, be it of the outage itself, and then has the lock. */
async function stillHears(trial: Trial, outage: () => Promise<void>, holderStays: boolean): Promise<void> {
  const { leaseId } = await trial.take('a');
  const waiter = await waits(trial);
  await outage();
  const before = holderStays ? waiter.heard.length : 0;
  await worksAgain(trial, 'release', () => trial.storage.release('a', leaseId));
  const told = await trial.eventually(() => isCalled({ ...waiter, heard: waiter.heard.slice(before) }));
  assert.ok(told, 'who waits was told nothing after the outage');
  await granted(trial, waiter.request);
}

export const restarts: readonly Script[] = group(
  'restart',
  {
    'of the server loses no lock, and no token comes twice': (trial) => survives(trial, () => trial.fault('restart')),

    'an attempt that met it can be repeated, and one that was answered still holds': (trial) =>
      attemptsMeetAKill(trial, true),

    'a renewal or a release that met it can be repeated': changesMeetAKill,
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

    'an attempt that met it can be repeated': (trial) => attemptsMeetAKill(trial, false),
  },
  ['faults.restart'],
);

export const newsAfterABreak: readonly Script[] = group(
  'connection',
  {
    'after it broke, who waits and watches still hears': (trial) =>
      stillHears(trial, () => trial.fault('dropConnection'), true),
  },
  ['notifies', 'faults.dropConnection'],
);

export const newsAfterAStall: readonly Script[] = group(
  'stall',
  {
    'when it is over, who waits and watches still hears': (trial) =>
      stillHears(
        trial,
        async () => {
          await trial.fault('freeze');
          const met = trial.storage.read('a').catch(isOutage);
          await sleep(50);
          await trial.fault('thaw');
          await trial.inTime('a call that met the stall', met);
        },
        true,
      ),
  },
  ['notifies', 'faults.freeze', 'faults.thaw'],
);

export const newsAfterARestart: readonly Script[] = group(
  'restart',
  {
    'after it, who waits and watches still hears': (trial) =>
      stillHears(trial, () => trial.fault('restart'), trial.options.capabilities.durable),
  },
  ['notifies', 'faults.restart'],
);
