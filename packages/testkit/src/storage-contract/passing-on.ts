import assert from 'node:assert/strict';

import type { LeaseUpdate, LockRecord } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import { longLeaseMs, type Trial } from './trial.ts';

function isAbove(token: number, floor: number, why: string): void {
  assert.ok(Number.isSafeInteger(token) && token > floor, `token ${token} is not above ${floor}: ${why}`);
}

/** Demands that the token of the next possession is above this one. */
async function nextIsAbove(trial: Trial, floor: number, why: string): Promise<void> {
  const next = await trial.take('a', {}, await trial.second());
  isAbove(next.fencingToken, floor, why);
  await trial.release(next);
}

async function update(trial: Trial, { key, leaseId }: LockRecord, change: LeaseUpdate): Promise<void> {
  const { renewed } = await trial.storage.renew(key, leaseId, longLeaseMs, change);
  assert.ok(renewed, 'the lease was not over');
}

const other = { ownerId: 'another of the same process', operation: 'o' };

export const passingOn: readonly Script[] = [
  ...group('spare tokens', {
    'are never given to the next possession, after a release': async (trial) => {
      const record = await trial.take('a', { spareTokens: 10 });
      await trial.release(record);
      await nextIsAbove(trial, record.fencingToken + 10, 'ten were kept free');
    },

    'are never given to the next possession, after the end of the lease or a force release': async (trial) => {
      const first = await trial.take('a', { spareTokens: 10, leaseMs: trial.shortMs });
      await trial.passShortLease();
      const second = await trial.take('a', { spareTokens: 1000 });
      isAbove(second.fencingToken, first.fencingToken + 10, 'ten were kept free');
      await trial.storage.forceRelease('a');
      await nextIsAbove(trial, second.fencingToken + 1000, 'a thousand were kept free');
    },

    'are kept once, also when the same lease asks again': async (trial) => {
      const request = trial.request('a', { spareTokens: 10 });
      const { record } = await trial.grant(request);
      assert.equal((await trial.grant(request)).record.fencingToken, record.fencingToken, 'one possession, one token');
      await trial.release(record);
      await nextIsAbove(trial, record.fencingToken + 10, 'ten were kept free');
    },
  }),

  ...group('token above', {
    'makes the token greater than that, and all that follow': async (trial) => {
      const record = await trial.take('a', { tokenAbove: 1_000_000 });
      isAbove(record.fencingToken, 1_000_000, 'it was to be above');
      await trial.release(record);
      await nextIsAbove(trial, record.fencingToken, 'tokens rise');
      const spare = await trial.take('a', { tokenAbove: 2_000_000, spareTokens: 10 });
      isAbove(spare.fencingToken, 2_000_000, 'it was to be above');
      await trial.release(spare);
      await nextIsAbove(trial, spare.fencingToken + 10, 'ten were kept free');
    },

    'that is below those that were given changes nothing': async (trial) => {
      const record = await trial.take('a', { tokenAbove: 1000 });
      await trial.release(record);
      const next = await trial.take('a', { tokenAbove: 3 });
      isAbove(next.fencingToken, record.fencingToken, 'tokens rise');
    },
  }),

  ...group('passing on', {
    'a renewal changes who is on record and with which token, and nothing else': async (trial) => {
      const record = await trial.take('a', { spareTokens: 10 });
      const fencingToken = record.fencingToken + 4;
      const renewed = await trial.storage.renew('a', record.leaseId, longLeaseMs, { holder: other, fencingToken });
      assert.ok(renewed.renewed, 'the lease was not over');
      const now = { ...record, holder: other, fencingToken, expiresAt: renewed.expiresAt };
      await trial.holds(now);
      await trial.holds(now, await trial.second());
      assert.deepEqual((await trial.refuse(trial.request('a'))).record, now);
    },

    'renewals without it leave the holder and the token as they were passed on': async (trial) => {
      const record = await trial.take('a', { spareTokens: 10 });
      const fencingToken = record.fencingToken + 1;
      await update(trial, record, { holder: other, fencingToken });
      const renewed = await trial.storage.renew('a', record.leaseId, longLeaseMs);
      assert.ok(renewed.renewed, 'the lease was not over');
      await trial.holds({ ...record, holder: other, fencingToken, expiresAt: renewed.expiresAt });
    },

    'never lowers the token': async (trial) => {
      const record = await trial.take('a', { spareTokens: 10 });
      await update(trial, record, { holder: other, fencingToken: record.fencingToken + 5 });
      await update(trial, record, { holder: record.holder, fencingToken: record.fencingToken + 2 });
      const { record: now } = await trial.storage.read('a');
      assert.deepEqual([now?.fencingToken, now?.holder], [record.fencingToken + 5, record.holder]);
    },

    'a token that was passed on is never given again, also one that was not kept free': async (trial) => {
      const record = await trial.take('a', { spareTokens: 2 });
      await update(trial, record, { holder: other, fencingToken: record.fencingToken + 50 });
      await trial.release(record);
      await nextIsAbove(trial, record.fencingToken + 50, 'it was passed on');
    },

    'who follows is told of the last holder on record, and its token': async (trial) => {
      const record = await trial.take('a', { spareTokens: 10, leaseMs: trial.shortMs });
      const fencingToken = record.fencingToken + 3;
      assert.ok(
        (await trial.storage.renew('a', record.leaseId, trial.shortMs, { holder: other, fencingToken })).renewed,
      );
      await trial.passShortLease();
      const { previous } = await trial.grant(trial.request('a'));
      assert.deepEqual([previous?.holder, previous?.fencingToken], [other, fencingToken]);
    },

    'a lease that is over or was never there passes nothing on': async (trial) => {
      const late = await trial.take('a', { leaseMs: trial.shortMs, spareTokens: 10 });
      await trial.passShortLease();
      const next = await trial.take('a');
      const change = { holder: other, fencingToken: next.fencingToken + 1 };
      assert.ok(!(await trial.storage.renew('a', late.leaseId, longLeaseMs, change)).renewed, 'it was over');
      await trial.holds(next);
    },
  }),
];

export const durablePassingOn: readonly Script[] = group(
  'durable',
  {
    'tokens that were kept free or passed on are not given after it was closed and opened': async (trial) => {
      const spare = await trial.take('a', { spareTokens: 100 });
      await trial.release(spare);
      const second = await trial.reopen();
      const passed = await trial.take('a', {}, second);
      isAbove(passed.fencingToken, spare.fencingToken + 100, 'a hundred were kept free');
      const fencingToken = passed.fencingToken + 500;
      await second.renew('a', passed.leaseId, longLeaseMs, { holder: other, fencingToken });
      await trial.release(passed, second);
      const third = await trial.reopen();
      isAbove((await trial.take('a', {}, third)).fencingToken, fencingToken, 'it was passed on');
    },
  },
  ['durable', 'reopen'],
);
