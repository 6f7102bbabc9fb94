import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { group, type Script } from './script.ts';
import { about, longLeaseMs } from './trial.ts';

const month = 30 * 24 * 3_600_000;

export const basics: readonly Script[] = [
  ...group('acquire', {
    'a free lock is given, with a complete record': async (trial) => {
      const request = trial.request('orders/42');
      const { record, previous, storageNow } = await trial.grant(request);
      assert.equal(record.key, 'orders/42');
      assert.equal(record.leaseId, request.leaseId);
      assert.deepEqual(record.holder, request.holder);
      assert.ok(Number.isSafeInteger(record.fencingToken), `the token is no safe integer: ${record.fencingToken}`);
      assert.ok(Number.isFinite(record.acquiredAt) && record.acquiredAt <= storageNow, 'acquired in the future');
      about(record.expiresAt, record.acquiredAt + request.leaseMs, 'the end of the lease');
      assert.equal(previous, undefined, 'nobody had this lock before');
    },

    'a busy lock is refused, and the answer tells the holder with all its fields': async (trial) => {
      const holder = {
        ownerId: 'worker-7',
        host: 'db-1.example.org',
        pid: 4_194_304,
        service: 'billing',
        operation: 'POST /orders/{id}',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      };
      const record = await trial.take('orders/42', { holder });
      assert.deepEqual(record.holder, holder);
      const refused = await trial.refuse(trial.request('orders/42'));
      assert.deepEqual(refused.record, record);
      assert.ok(refused.storageNow >= record.acquiredAt, 'the storage looked before it gave the lock');
      await trial.holds(record, await trial.second());
    },

    'locks of other keys are not in the way': async (trial) => {
      const first = await trial.take('orders/1');
      const second = await trial.take('orders/2');
      await trial.holds(first);
      await trial.holds(second);
    },

    'the same lease asks again and gets the same token with a fresh lease': async (trial) => {
      const request = trial.request('a', { leaseMs: trial.shortMs });
      const first = await trial.grant(request);
      const again = await trial.grant({ ...request, leaseMs: longLeaseMs }, await trial.second());
      assert.equal(again.record.fencingToken, first.record.fencingToken, 'one possession has one token');
      assert.equal(
        again.record.acquiredAt,
        first.record.acquiredAt,
        'asking again does not make it a later possession',
      );
      await trial.passShortLease();
      await trial.holds(again.record);
      await trial.refuse(trial.request('a'));
    },

    'two attempts of one lease at the same time are one possession': async (trial) => {
      const request = trial.request('a');
      const other = await trial.second();
      const both = await Promise.all([trial.grant(request), trial.grant(request, other), trial.grant(request)]);
      assert.equal(new Set(both.map(({ record }) => record.fencingToken)).size, 1, 'one possession has one token');
      await trial.release(request);
      await trial.isFree('a');
    },

    'a lease of thirty days is no problem': async (trial) => {
      const record = await trial.take('a', { leaseMs: month });
      about(record.expiresAt, record.acquiredAt + month, 'the end of the lease');
      await trial.holds(record);
    },
  }),

  ...group('renew', {
    'the lease ends leaseMs after the renewal, later or sooner than before': async (trial) => {
      const { leaseId } = await trial.take('later', { leaseMs: trial.shortMs });
      const sooner = await trial.take('sooner');
      const renewed = await trial.storage.renew('later', leaseId, longLeaseMs);
      assert.ok(renewed.renewed, 'the lease was not over');
      about(renewed.expiresAt, renewed.storageNow + longLeaseMs, 'the end of the lease');
      assert.equal((await trial.storage.read('later')).record?.expiresAt, renewed.expiresAt);
      assert.ok((await trial.storage.renew('sooner', sooner.leaseId, trial.shortMs)).renewed, 'the lease was not over');
      await trial.passShortLease();
      await trial.refuse(trial.request('later'));
      await trial.isFree('sooner');
    },

    'changes nothing but the end of the lease': async (trial) => {
      const record = await trial.take('a');
      const renewed = await trial.storage.renew('a', record.leaseId, 2 * longLeaseMs);
      assert.ok(renewed.renewed);
      await trial.holds({ ...record, expiresAt: renewed.expiresAt });
    },

    'a wrong lease is refused, told who has the lock, and changes nothing': async (trial) => {
      const record = await trial.take('a');
      const { renewed, ...told } = await trial.storage.renew('a', randomUUID(), 2 * longLeaseMs);
      assert.equal(renewed, false, 'a wrong lease was renewed');
      assert.deepEqual('record' in told && told.record, record);
      await trial.holds(record);
    },

    'a lock that nobody has cannot be renewed': async (trial) => {
      const result = await trial.storage.renew('nobody', randomUUID(), longLeaseMs);
      assert.ok(!result.renewed && result.record === undefined, 'nobody has it');
      await trial.isFree('nobody');
    },

    'refused after the release': async (trial) => {
      const record = await trial.take('a');
      const { leaseId } = record;
      await trial.release(record);
      assert.equal(
        (await trial.storage.renew('a', leaseId, longLeaseMs)).renewed,
        false,
        'a released lease was renewed',
      );
      await trial.isFree('a');
    },
  }),

  ...group('release', {
    'frees the lock for the next': async (trial) => {
      await trial.release(await trial.take('a'));
      await trial.isFree('a');
      await trial.take('a', {}, await trial.second());
    },

    'a wrong lease is refused and changes nothing': async (trial) => {
      const record = await trial.take('a');
      await trial.cannotRelease({ key: 'a', leaseId: randomUUID() }, record);
      await trial.holds(record);
      await trial.refuse(trial.request('a'));
    },

    'a second release is refused and disturbs nobody': async (trial) => {
      const record = await trial.take('a');
      await trial.release(record);
      await trial.cannotRelease(record, undefined);
      const next = await trial.take('a');
      await trial.cannotRelease(record, next);
      await trial.holds(next);
    },

    'a lock that nobody has cannot be released': async (trial) => {
      await trial.cannotRelease({ key: 'nobody', leaseId: randomUUID() }, undefined);
    },
  }),

  ...group('read', {
    'an unknown key has no holder and no waiters': async (trial) => {
      const { record, waiters, storageNow } = await trial.storage.read('nobody');
      assert.equal(record, undefined);
      assert.deepEqual([...waiters], []);
      assert.ok(Number.isFinite(storageNow), 'the storage does not tell its time');
    },

    'the clock of the storage goes on between two reads': async (trial) => {
      const before = await trial.storage.read('a');
      await trial.advance(20);
      const after = await trial.storage.read('a');
      assert.ok(after.storageNow > before.storageNow, `it said ${before.storageNow}, then ${after.storageNow}`);
    },
  }),
];
