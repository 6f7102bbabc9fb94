import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type { AcquireRequest, LockRecord, LockStorage } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import { longLeaseMs, show, type Trial } from './trial.ts';
import { waiting } from './waiter.ts';

async function waiters(storage: LockStorage, key = 'a'): Promise<string[]> {
  return (await storage.read(key)).waiters.map(({ leaseId }) => leaseId);
}

async function leave(storage: LockStorage, key: string, leaseId: string): Promise<void> {
  assert.equal(typeof storage.leave, 'function', 'a storage that queues needs leave');
  await storage.leave?.(key, leaseId);
}

/** A held lock, and two who wait for it. */
async function twoWait(trial: Trial): Promise<{ holderLease: string; first: AcquireRequest; second: AcquireRequest }> {
  const { leaseId } = await trial.take('a');
  const first = waiting(trial);
  const second = waiting(trial);
  await trial.refuse(first);
  await trial.refuse(second, await trial.second());
  return { holderLease: leaseId, first, second };
}

/** A freed lock is kept for the first waiter, or it was handed to it already; nobody else is on record as its holder. */
function isKeptFor(first: AcquireRequest, record: LockRecord | undefined): void {
  assert.equal(record?.leaseId ?? first.leaseId, first.leaseId, 'it is kept for who came first, or it is its already');
}

/** Demands that a lock that became free is the first waiter's, and then the second's. */
async function servedInOrder(trial: Trial, first: AcquireRequest, second: AcquireRequest): Promise<void> {
  const refused = await trial.refuse(second, await trial.second());
  isKeptFor(first, refused.record);
  assert.equal(refused.ahead, refused.record === undefined ? 1 : 0, 'how many wait before the second');
  await trial.refuse(trial.request('a'));
  const { leaseId } = (await trial.grant(first)).record;
  await trial.refuse(second);
  await trial.storage.release('a', leaseId);
  await trial.grant(second);
}

export const queue: readonly Script[] = group(
  'queue',
  {
    'waiters are on record: who, since when, first come first': async (trial) => {
      await trial.take('a');
      const first = waiting(trial, 'a', { holder: { ownerId: 'w1', host: 'h', pid: 7, service: 's', operation: 'o' } });
      const second = waiting(trial);
      const { storageNow: before } = await trial.refuse(first);
      await trial.advance(20);
      await trial.refuse(second, await trial.second());
      const { waiters: told } = await trial.storage.read('a');
      assert.deepEqual(
        told.map(({ leaseId }) => leaseId),
        [first.leaseId, second.leaseId],
      );
      assert.deepEqual(
        told.map(({ holder }) => holder),
        [first.holder, second.holder],
      );
      const [one, two] = told.map(({ since }) => since) as [number, number];
      assert.ok(Math.abs(one - before) <= 1000 && one < two, `since ${one} and ${two}, the first asked at ${before}`);
      assert.deepEqual(await waiters(await trial.second()), [first.leaseId, second.leaseId]);
      assert.deepEqual(await waiters(trial.storage, 'b'), [], 'they wait for another key');
    },

    'a lock is listed with those who wait for it': async (trial) => {
      const { first, second } = await twoWait(trial);
      const told: string[][] = [];
      for await (const state of trial.storage.list()) told.push(state.waiters.map(({ leaseId }) => leaseId));
      assert.deepEqual(told, [[first.leaseId, second.leaseId]]);
    },

    'who is refused is told how many come before': async (trial) => {
      await trial.take('a');
      for (const ahead of [0, 1, 2]) assert.equal((await trial.refuse(waiting(trial))).ahead, ahead);
      assert.equal((await trial.refuse(trial.request('a'))).ahead, 3, 'who does not wait is behind all who do');
    },

    'who does not mean to wait is not put on record': async (trial) => {
      await trial.take('a');
      await trial.refuse(trial.request('a'));
      assert.deepEqual(await waiters(trial.storage), []);
    },

    'a released lock goes to who came first, then to the second': async (trial) => {
      const { holderLease, first, second } = await twoWait(trial);
      await trial.storage.release('a', holderLease);
      await servedInOrder(trial, first, second);
    },

    'who begins to wait while the lock is kept for others comes behind them': async (trial) => {
      const { holderLease, first, second } = await twoWait(trial);
      await trial.storage.release('a', holderLease);
      const late = waiting(trial);
      const refused = await trial.refuse(late);
      isKeptFor(first, refused.record);
      const inLine = [...(refused.record === undefined ? [first.leaseId] : []), second.leaseId, late.leaseId];
      assert.equal(refused.ahead, inLine.length - 1);
      assert.deepEqual(await waiters(trial.storage), inLine);
    },

    'a lock whose lease ran out goes to who came first, then to the second': async (trial) => {
      await trial.take('a', { leaseMs: trial.shortMs });
      const first = waiting(trial);
      const second = waiting(trial);
      await trial.refuse(first);
      await trial.refuse(second);
      await trial.passShortLease();
      await servedInOrder(trial, first, second);
    },

    'a lock that was taken away goes to who came first, then to the second': async (trial) => {
      const { first, second } = await twoWait(trial);
      await trial.storage.forceRelease('a');
      await servedInOrder(trial, first, second);
    },

    'ten are served in the order in which they came': async (trial) => {
      let { leaseId } = await trial.take('a');
      const requests = Array.from({ length: 10 }, () => waiting(trial));
      for (const request of requests) await trial.refuse(request);
      const served: number[] = [];
      for (let turn = 0; turn < requests.length; turn += 1) {
        await trial.storage.release('a', leaseId);
        for (const [index, request] of [...requests.entries()].toReversed()) {
          if (served.includes(index) || !(await trial.storage.acquire(request)).acquired) continue;
          served.push(index);
          leaseId = request.leaseId;
          break;
        }
      }
      assert.deepEqual(served, [...requests.keys()]);
    },

    'a later attempt keeps the place': async (trial) => {
      const { first, second } = await twoWait(trial);
      assert.equal((await trial.refuse(first)).ahead, 0);
      assert.equal((await trial.refuse(second)).ahead, 1);
      assert.deepEqual(await waiters(trial.storage), [first.leaseId, second.leaseId]);
    },

    'a later attempt does not change since when it waits': async (trial) => {
      const { first } = await twoWait(trial);
      const [before] = (await trial.storage.read('a')).waiters;
      await trial.advance(20);
      await trial.refuse(first);
      assert.deepEqual((await trial.storage.read('a')).waiters[0], before);
    },

    'who got the lock does not wait any more': async (trial) => {
      const { holderLease, first, second } = await twoWait(trial);
      await trial.storage.release('a', holderLease);
      await trial.grant(first);
      assert.deepEqual(await waiters(trial.storage), [second.leaseId]);
    },

    'who gets the lock is told how many still wait, or nothing of it': async (trial) => {
      const { holderLease, first, second } = await twoWait(trial);
      const alone = await trial.grant(trial.request('b'));
      assert.equal(alone.waiting ?? 0, 0, 'nobody waits for it');
      await trial.storage.release('a', holderLease);
      assert.equal((await trial.grant(first)).waiting ?? 1, 1, 'one waits for it');
      await trial.storage.release('a', first.leaseId);
      assert.equal((await trial.grant(second)).waiting ?? 0, 0, 'nobody waits for it any more');
    },

    'a holder that asks again does not wait for itself': async (trial) => {
      const request = waiting(trial);
      await trial.grant(request);
      await trial.grant(request);
      assert.deepEqual(await waiters(trial.storage), []);
    },

    'a holder that asks again, or renews, is not sent behind those who wait': async (trial) => {
      const request = trial.request('a');
      await trial.grant(request);
      await trial.refuse(waiting(trial));
      await trial.grant(request);
      assert.ok((await trial.storage.renew('a', request.leaseId, longLeaseMs)).renewed);
    },

    'a waiter is forgotten waitMs after its last attempt': async (trial) => {
      const { leaseId } = await trial.take('a');
      const gone = waiting(trial, 'a', { waitMs: trial.shortMs });
      const stays = waiting(trial);
      await trial.refuse(gone);
      await trial.refuse(stays);
      await trial.passShortLease();
      assert.deepEqual(await waiters(trial.storage), [stays.leaseId]);
      await trial.storage.release('a', leaseId);
      await trial.grant(stays);
    },

    'a free lock is not kept for a waiter that was forgotten': async (trial) => {
      const { leaseId } = await trial.take('a');
      await trial.refuse(waiting(trial, 'a', { waitMs: trial.shortMs, claimMs: trial.shortMs }));
      await trial.storage.release('a', leaseId);
      await trial.refuse(trial.request('a'));
      await trial.passShortLease();
      await trial.grant(trial.request('a'));
    },

    'every attempt gives the waiter its time anew': async (trial) => {
      await trial.take('a');
      const request = waiting(trial, 'a', { waitMs: 4 * trial.shortMs });
      for (let attempt = 0; attempt < 4; attempt += 1) {
        await trial.refuse(request);
        await trial.advance(2 * trial.shortMs);
      }
      assert.deepEqual(await waiters(trial.storage), [request.leaseId]);
    },

    'who leaves is off the record, and leaving again does nothing': async (trial) => {
      const { first, second } = await twoWait(trial);
      await leave(await trial.second(), 'a', first.leaseId);
      await leave(trial.storage, 'a', first.leaseId);
      assert.deepEqual(await waiters(trial.storage), [second.leaseId]);
      assert.equal((await trial.refuse(second)).ahead, 0);
    },

    'who leaves lets the next one in': async (trial) => {
      const { holderLease, first, second } = await twoWait(trial);
      await trial.storage.release('a', holderLease);
      await trial.refuse(second);
      await leave(trial.storage, 'a', first.leaseId);
      await trial.grant(second);
    },

    'who leaves and does not wait changes nothing, also for a key that nobody knows': async (trial) => {
      const record = await trial.take('a');
      const request = waiting(trial);
      await trial.refuse(request);
      await leave(trial.storage, 'a', randomUUID());
      await leave(trial.storage, 'nobody', request.leaseId);
      await trial.holds(record);
      assert.deepEqual(await waiters(trial.storage), [request.leaseId]);
    },
  },
  ['queues'],
);

export const noQueue: readonly Script[] = group('no queue', {
  'it shows no waiters, promises no order and keeps nothing for anybody': async (trial) => {
    const { leaseId } = await trial.take('a');
    const refused = await trial.refuse(waiting(trial));
    assert.equal(refused.ahead, undefined, `it states that it does not queue and tells a place: ${show(refused)}`);
    assert.deepEqual(await waiters(trial.storage), []);
    await trial.storage.release('a', leaseId);
    await trial.grant(trial.request('a'));
  },
});
