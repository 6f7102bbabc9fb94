import assert from 'node:assert/strict';

import { group, type Script } from './script.ts';
import { listed, longLeaseMs, type Trial } from './trial.ts';

const hour = 3_600_000;

export const expiry: readonly Script[] = [
  ...group('expiry', {
    'a lock is kept while its lease lasts and is free when it is over': async (trial) => {
      const record = await trial.take('a', { leaseMs: 20 * trial.shortMs });
      await trial.passShortLease();
      await trial.holds(record);
      await trial.refuse(trial.request('a'));
      const short = await trial.take('b', { leaseMs: trial.shortMs });
      await trial.passShortLease();
      await trial.isFree('b');
      const next = await trial.take('b', {}, await trial.second());
      assert.notEqual(next.leaseId, short.leaseId);
      await trial.holds(next);
    },

    'a lease that is over is shown to nobody': async (trial) => {
      await trial.take('a', { leaseMs: trial.shortMs });
      const held = await trial.take('b');
      await trial.passShortLease();
      await trial.isFree('a');
      assert.deepEqual(await listed(trial.storage), [held]);
    },

    'who takes over is told whose lease ran out, and when': async (trial) => {
      const before = await trial.take('a', { leaseMs: trial.shortMs });
      await trial.passShortLease();
      const { previous, storageNow } = await trial.grant(trial.request('a'));
      assert.deepEqual(previous, {
        holder: before.holder,
        fencingToken: before.fencingToken,
        expiredAt: before.expiresAt,
      });
      assert.ok(before.expiresAt <= storageNow, 'the lease was not over yet');
    },

    'who follows a release is told who released, and when': async (trial) => {
      const before = await trial.take('a');
      await trial.release(before);
      const { previous, storageNow } = await trial.grant(trial.request('a'));
      if (trial.options.forgetsReleased) {
        assert.equal(previous, undefined, 'it was said that this storage forgets');
        return;
      }
      const { releasedAt, ...rest } = previous ?? {};
      assert.deepEqual(rest, { holder: before.holder, fencingToken: before.fencingToken });
      assert.ok(
        releasedAt !== undefined && releasedAt >= before.acquiredAt && releasedAt <= storageNow,
        `released at ${releasedAt}`,
      );
    },

    'a release after the end is refused, although nobody took the lock': async (trial) => {
      const record = await trial.take('a', { leaseMs: trial.shortMs });
      await trial.passShortLease();
      await trial.cannotRelease(record, undefined);
      const { previous } = await trial.grant(trial.request('a'));
      assert.equal(previous?.releasedAt, undefined, 'the refused release was put on record');
    },

    'a renewal after the end is refused, although nobody took the lock, and revives nothing': async (trial) => {
      const { leaseId } = await trial.take('a', { leaseMs: trial.shortMs });
      await trial.passShortLease();
      const result = await trial.storage.renew('a', leaseId, longLeaseMs);
      assert.equal(result.renewed, false, 'a lease that was over has been renewed');
      await trial.isFree('a');
      await trial.take('a');
    },

    'a holder that is too late cannot touch its successor': async (trial) => {
      const late = await trial.take('a', { leaseMs: trial.shortMs });
      await trial.passShortLease();
      const next = await trial.take('a');
      await trial.cannotRelease(late, next);
      const renewal = await trial.storage.renew('a', late.leaseId, 2 * longLeaseMs);
      assert.ok(!renewal.renewed, 'the successor was renewed');
      assert.deepEqual(renewal.record, next);
      await trial.holds(next);
    },

    'an attempt of a lease that is over begins a new possession': async (trial) => {
      const request = trial.request('a', { leaseMs: trial.shortMs });
      const first = await trial.grant(request);
      await trial.passShortLease();
      const again = await trial.grant(request);
      assert.ok(again.record.fencingToken > first.record.fencingToken, 'the token of a lease that was over lives on');
    },
  }),
];

async function steppedBy(trial: Trial, ms: number): Promise<void> {
  const held = await trial.take('held');
  const short = await trial.take('short', { leaseMs: trial.shortMs });
  await trial.fault('stepWallClock', ms);
  await trial.refuse(trial.request('held'));
  assert.ok((await trial.storage.renew('held', held.leaseId, longLeaseMs)).renewed, 'the step ended a lease');
  await trial.passShortLease();
  const { previous } = await trial.grant(trial.request('short'));
  assert.equal(previous?.fencingToken, short.fencingToken);
  const after = await trial.take('after', { leaseMs: trial.shortMs });
  await trial.holds(after);
  await trial.passShortLease();
  await trial.isFree('after');
}

export const wallClock: readonly Script[] = group(
  'wall clock',
  {
    'set forward an hour, it frees nobody': (trial) => steppedBy(trial, hour),
    'set back an hour, it keeps nobody beyond the lease': (trial) => steppedBy(trial, -hour),
  },
  ['faults.stepWallClock'],
);
