import assert from 'node:assert/strict';

import type { LockRecord } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import { about, longLeaseMs, show, type Granted, type Trial } from './trial.ts';
import { hasHeard, isHanded, listen, newsHaveCome, waiting, waits, type Listening } from './waiter.ts';

const needs = ['notifies', 'queues'] as const;

/** A held lock, and one on an instance who waits for it and watches. */
async function oneWaits(trial: Trial, more: Parameters<typeof waiting>[2] = {}): Promise<[LockRecord, Listening]> {
  const holder = await trial.take('a');
  return [holder, await waits(trial, waiting(trial, 'a', more))];
}

/** Demands that it was told everything that an attempt of its own would have told it, and that it is so. */
async function isComplete(trial: Trial, before: LockRecord, { request }: Listening, granted: Granted): Promise<void> {
  const { acquired, record, previous, storageNow } = granted;
  assert.equal(acquired, true);
  assert.deepEqual([record.key, record.leaseId, record.holder], [request.key, request.leaseId, request.holder]);
  assert.ok(record.fencingToken > before.fencingToken, `token ${record.fencingToken} after ${before.fencingToken}`);
  about(record.expiresAt, record.acquiredAt + (request.claimMs ?? request.leaseMs), 'the end of the claim');
  assert.ok(record.acquiredAt >= before.acquiredAt && record.acquiredAt <= storageNow, `at ${record.acquiredAt}`);
  await trial.holds(record);
  if (previous === undefined && trial.options.forgetsReleased) return;
  const { releasedAt, ...rest } = previous ?? {};
  assert.deepEqual(rest, { holder: before.holder, fencingToken: before.fencingToken });
  assert.ok(releasedAt !== undefined && releasedAt <= record.acquiredAt, `released at ${releasedAt}`);
}

async function isNotHanded(trial: Trial, ...all: readonly Listening[]): Promise<void> {
  await newsHaveCome(trial);
  for (const one of all) assert.ok(!hasHeard(one, 'granted'), `the lock was handed to ${one.request.leaseId}`);
}

export const handingOver: readonly Script[] = [
  ...group(
    'hand-over',
    {
      'a released lock is handed to the first waiter that watches, and it is told everything': async (trial) => {
        const [holder, first] = await oneWaits(trial, { claimMs: longLeaseMs / 2 });
        const second = await waits(trial);
        await trial.release(holder);
        const granted = await isHanded(trial, first);
        await isComplete(trial, holder, first, granted);
        assert.equal(granted.waiting ?? 1, 1, 'one still waits');
        await isNotHanded(trial, second);
        assert.equal(first.heard.filter(({ type }) => type === 'granted').length, 1, 'it was handed over twice');
        const { waiters } = await trial.storage.read('a');
        assert.deepEqual(
          waiters.map(({ leaseId }) => leaseId),
          [second.request.leaseId],
        );
      },

      'to a waiter on another instance': async (trial) => {
        const holder = await trial.take('a');
        const waiter = await waits(trial, waiting(trial), await trial.second());
        await trial.release(holder);
        await isComplete(trial, holder, waiter, await isHanded(trial, waiter));
      },

      'when the lock was taken away': async (trial) => {
        const [holder, waiter] = await oneWaits(trial);
        await (await trial.second()).forceRelease('a');
        const { record } = await isHanded(trial, waiter);
        assert.ok(
          record.fencingToken > holder.fencingToken,
          `token ${record.fencingToken} after ${holder.fencingToken}`,
        );
        await trial.holds(record);
        await trial.cannotRelease(holder, record);
      },

      'whom it was handed to has it: others are refused, it renews and releases': async (trial) => {
        const [holder, waiter] = await oneWaits(trial, { claimMs: trial.shortMs });
        await trial.release(holder);
        const { record } = await isHanded(trial, waiter);
        assert.deepEqual((await trial.refuse(trial.request('a'))).record, record);
        assert.ok((await trial.storage.renew('a', record.leaseId, longLeaseMs)).renewed, 'the claim was not over');
        await trial.passShortLease();
        await trial.refuse(trial.request('a'));
        await trial.release(record);
        await trial.isFree('a');
      },

      'several are served in the order in which they came, on two instances': async (trial) => {
        const instances = [trial.storage, await trial.second()];
        let holder = await trial.take('a');
        const line: Listening[] = [];
        for (let index = 0; index < 6; index += 1) line.push(await waits(trial, waiting(trial), instances[index % 2]));
        for (const [index, next] of line.entries()) {
          await trial.release(holder);
          const { record } = await isHanded(trial, next);
          assert.ok(record.fencingToken > holder.fencingToken, `token ${record.fencingToken} of number ${index}`);
          const early = line.slice(index + 1).filter((other) => hasHeard(other, 'granted')).length;
          assert.equal(early, 0, `the lock was handed to others than number ${index}`);
          holder = record;
        }
      },

      'tokens that a waiter asked for are kept when the lock is handed to it': async (trial) => {
        const [holder, waiter] = await oneWaits(trial, { tokenAbove: 5000, spareTokens: 100 });
        await trial.release(holder);
        const { record } = await isHanded(trial, waiter);
        assert.ok(record.fencingToken > 5000, `token ${record.fencingToken}, it was to be above 5000`);
        await trial.release(record);
        const next = await trial.take('a');
        assert.ok(next.fencingToken > record.fencingToken + 100, `${next.fencingToken} is one of those kept free`);
      },

      'a claim without a time of its own lasts as long as the lease, and a longer one no longer': async (trial) => {
        for (const claim of [{}, { claimMs: 2 * longLeaseMs }]) {
          const [holder, waiter] = await oneWaits(trial, claim);
          await trial.release(holder);
          const { record } = await isHanded(trial, waiter);
          about(record.expiresAt, record.acquiredAt + longLeaseMs, 'the end of the claim');
          await trial.release(record);
        }
      },

      'a waiter that missed it and asks again is told the same possession, with a fresh lease': async (trial) => {
        const [holder, waiter] = await oneWaits(trial, { claimMs: longLeaseMs / 2 });
        await trial.release(holder);
        const { record } = await isHanded(trial, waiter);
        const again = await trial.grant(waiter.request, await trial.second());
        const { expiresAt, ...rest } = again.record;
        assert.deepEqual({ ...rest, expiresAt: record.expiresAt }, record, 'it is another possession');
        about(expiresAt, again.storageNow + longLeaseMs, 'the end of the lease');
      },

      'a claim that nobody takes up ends, and the next in line has the lock': async (trial) => {
        const [holder, dead] = await oneWaits(trial, { claimMs: trial.shortMs });
        const next = await waits(trial);
        await trial.release(holder);
        const claim = await isHanded(trial, dead);
        await trial.passShortLease();
        const { record, previous } = await trial.grant(next.request);
        assert.ok(record.fencingToken > claim.record.fencingToken, 'the claim and the possession share a token');
        assert.equal(previous?.fencingToken, claim.record.fencingToken, 'the claim came before');
        assert.equal(previous?.expiredAt, claim.record.expiresAt, 'the claim ran out');
      },
    },
    needs,
  ),

  ...group(
    'hand-over',
    {
      'a waiter that does not watch is not handed the lock: it is kept for it': async (trial) => {
        const { leaseId } = await trial.take('a');
        const quiet = waiting(trial);
        await trial.refuse(quiet);
        const watches = await waits(trial);
        await trial.storage.release('a', leaseId);
        await isNotHanded(trial, watches);
        const { record, waiters } = await trial.storage.read('a');
        assert.equal(record, undefined, `it was handed to somebody who cannot know: ${show(record)}`);
        assert.equal(waiters.length, 2);
        const mine = await trial.grant(quiet);
        await trial.release(mine.record);
        await isHanded(trial, watches);
      },

      'who did not mean to wait is handed nothing': async (trial) => {
        const { leaseId } = await trial.take('a');
        const tries = await waits(trial, trial.request('a'));
        await trial.storage.release('a', leaseId);
        await isNotHanded(trial, tries);
        await trial.isFree('a');
      },

      'when the head of a free lock leaves, the next one is handed the lock': async (trial) => {
        const { leaseId } = await trial.take('a');
        const quiet = waiting(trial);
        await trial.refuse(quiet);
        const watches = await waits(trial);
        await trial.storage.release('a', leaseId);
        await trial.storage.leave?.('a', quiet.leaseId);
        const { record } = await isHanded(trial, watches);
        await trial.holds(record);
      },

      'who left is handed nothing, the next one is': async (trial) => {
        const [holder, gone] = await oneWaits(trial);
        const next = await waits(trial);
        await trial.storage.leave?.('a', gone.request.leaseId);
        await trial.release(holder);
        await isHanded(trial, next);
        await isNotHanded(trial, gone);
      },

      'who gives up when the lock was just handed to it gives it back': async (trial) => {
        const [holder, gone] = await oneWaits(trial);
        const next = await waits(trial);
        await trial.release(holder);
        await isHanded(trial, gone);
        await trial.storage.leave?.('a', gone.request.leaseId);
        const { record } = await isHanded(trial, next);
        await trial.holds(record);
      },

      'one lease that waits for two locks is handed the one that was freed, then the other': async (trial) => {
        const held = [await trial.take('a'), await trial.take('b')] as const;
        const { leaseId } = waiting(trial);
        const [a, b] = [waiting(trial, 'a', { leaseId }), waiting(trial, 'b', { leaseId })];
        const heard = [await waits(trial, a), await waits(trial, b)] as const;
        await trial.release(held[0]);
        assert.equal((await isHanded(trial, heard[0])).record.key, 'a');
        await trial.holds(held[1]);
        await trial.release(held[1]);
        const handed = async (): Promise<boolean> => (await trial.storage.read('b')).record?.leaseId === leaseId;
        assert.ok(await handed(), 'the second lock was not handed over');
        await trial.eventually(() =>
          heard[1].heard.some((one) => one.type === 'granted' && one.result.record.key === 'b'),
        );
        assert.ok(heard[1].heard.some((one) => one.type === 'granted' && one.result.record.key === 'b'));
      },

      'news of one lease never reach another': async (trial) => {
        const stranger = listen(trial.storage, waiting(trial));
        const [holder, waiter] = await oneWaits(trial);
        await trial.release(holder);
        const { record } = await isHanded(trial, waiter);
        await trial.release(record);
        await isNotHanded(trial, stranger);
      },
    },
    needs,
  ),
];
