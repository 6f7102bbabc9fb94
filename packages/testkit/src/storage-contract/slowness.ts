import assert from 'node:assert/strict';

import { group, type Script } from './script.ts';
import { longLeaseMs, type Trial } from './trial.ts';
import { isCalled, waits } from './waiter.ts';

/** Long against what an operation takes, short against what a client waits for an answer. */
const lateMs = 50;

async function whileSlow(trial: Trial, body: () => Promise<void>): Promise<void> {
  await trial.fault('slow', lateMs);
  try {
    await trial.inTime('what is answered late', body(), trial.options.patienceMs + 20 * lateMs);
  } finally {
    await trial.fault('slow', 0);
  }
}

export const slowness: readonly Script[] = group(
  'slow',
  {
    'an answer that comes late is right': (trial) =>
      whileSlow(trial, async () => {
        const record = await trial.take('a');
        assert.deepEqual((await trial.refuse(trial.request('a'))).record, record);
        const renewed = await trial.storage.renew('a', record.leaseId, 2 * longLeaseMs);
        assert.ok(renewed.renewed, 'the lease was not over');
        await trial.holds({ ...record, expiresAt: renewed.expiresAt });
        await trial.release(record);
        await trial.isFree('a');
      }),

    'an attempt that is repeated before its answer came is one possession': (trial) =>
      whileSlow(trial, async () => {
        const request = trial.request('a');
        const [first, second] = await Promise.all([trial.grant(request), trial.grant(request)]);
        assert.equal(first.record.fencingToken, second.record.fencingToken, 'one possession has one token');
        await trial.release(request);
        await trial.isFree('a');
      }),

    'of many that want a lock at once, one gets it': (trial) =>
      whileSlow(trial, async () => {
        const other = await trial.second();
        const attempts = Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? trial.storage : other).acquire(trial.request('a')),
        );
        const winners = (await Promise.all(attempts)).filter(({ acquired }) => acquired);
        assert.equal(winners.length, 1, 'how many got the lock');
      }),
  },
  ['faults.slow'],
);

export const slowNews: readonly Script[] = group(
  'slow',
  {
    'who waits and watches hears nevertheless, and has the lock': (trial) =>
      whileSlow(trial, async () => {
        const { leaseId } = await trial.take('a');
        const waiter = await waits(trial);
        await trial.storage.release('a', leaseId);
        assert.ok(await trial.eventually(() => isCalled(waiter)), 'it was not told');
        await trial.grant(waiter.request);
      }),
  },
  ['notifies', 'faults.slow'],
);
