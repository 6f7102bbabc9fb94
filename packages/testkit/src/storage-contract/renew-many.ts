import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type { LockRecord, RenewRequest, RenewResult } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import { about, longLeaseMs, show, type Trial } from './trial.ts';

const atOnce = 50;
const needs = ['renewsMany'] as const;

function renewal({ key, leaseId }: Pick<LockRecord, 'key' | 'leaseId'>): RenewRequest {
  return { key, leaseId, leaseMs: 2 * longLeaseMs };
}

/** One answer for each request; an answer that is an error stands where the contract allows it. */
async function renewMany(trial: Trial, requests: readonly RenewRequest[]): Promise<readonly (RenewResult | Error)[]> {
  assert.equal(typeof trial.storage.renewMany, 'function', 'it was said that this storage renews many at once');
  const answers = (await trial.storage.renewMany?.(requests)) ?? [];
  assert.equal(answers.length, requests.length, 'one answer for each request');
  return answers;
}

async function isRenewed(trial: Trial, answer: RenewResult | Error | undefined, record: LockRecord): Promise<void> {
  assert.ok(answer !== undefined && 'renewed' in answer && answer.renewed, `not renewed: ${show(answer)}`);
  about(answer.expiresAt, answer.storageNow + 2 * longLeaseMs, 'the end of the lease');
  await trial.holds({ ...record, expiresAt: answer.expiresAt });
}

function isRefused(answer: RenewResult | Error | undefined, record: LockRecord | undefined, forced = false): void {
  assert.ok(answer !== undefined && 'renewed' in answer && !answer.renewed, `not refused: ${show(answer)}`);
  assert.deepEqual(answer.record, record, 'who has the lock instead');
  assert.equal(answer.forced ?? false, forced, `whether it was taken away by force: ${show(answer)}`);
}

export const renewingMany: readonly Script[] = group(
  'renew many',
  {
    'no requests, no answers': async (trial) => {
      assert.deepEqual([...(await renewMany(trial, []))], []);
    },

    'each is answered as if it were alone, in the order of the requests': async (trial) => {
      const held = await trial.take('held');
      const expired = await trial.take('expired', { leaseMs: trial.shortMs });
      await trial.passShortLease();
      const other = await trial.take('other', {}, await trial.second());
      const forced = await trial.take('forced');
      await trial.storage.forceRelease('forced');
      const last = await trial.take('last');
      const answers = await renewMany(trial, [
        renewal(expired),
        renewal(held),
        renewal({ key: 'other', leaseId: randomUUID() }),
        renewal({ key: 'nobody', leaseId: randomUUID() }),
        renewal(forced),
        renewal(last),
      ]);
      isRefused(answers[0], undefined);
      await isRenewed(trial, answers[1], held);
      isRefused(answers[2], other);
      isRefused(answers[3], undefined);
      isRefused(answers[4], undefined, !trial.options.forgetsForced);
      await isRenewed(trial, answers[5], last);
      await trial.holds(other);
    },

    'each with its own lease, later or sooner than before': async (trial) => {
      const long = await trial.take('long', { leaseMs: trial.shortMs });
      const short = await trial.take('short');
      await renewMany(trial, [renewal(long), { ...renewal(short), leaseMs: trial.shortMs }]);
      await trial.passShortLease();
      await trial.refuse(trial.request('long'));
      await trial.isFree('short');
    },

    'passes on what is to be passed on': async (trial) => {
      const [a, b] = [await trial.take('a', { spareTokens: 5 }), await trial.take('b')];
      const change = { holder: { ownerId: 'other' }, fencingToken: a.fencingToken + 2 };
      const answers = await renewMany(trial, [{ ...renewal(a), update: change }, renewal(b)]);
      await isRenewed(trial, answers[0], { ...a, ...change });
      await isRenewed(trial, answers[1], b);
    },

    'the same request twice is answered twice': async (trial) => {
      const record = await trial.take('a');
      const answers = await renewMany(trial, [renewal(record), renewal(record)]);
      for (const answer of answers) assert.ok('renewed' in answer && answer.renewed, `not renewed: ${show(answer)}`);
      await isRenewed(trial, answers[1], record);
    },

    'a great many at once': async (trial) => {
      const many = 2 * trial.options.rounds;
      const records: LockRecord[] = [];
      for (let done = 0; done < many; done += atOnce) {
        const keys = Array.from({ length: Math.min(atOnce, many - done) }, (_, index) => `lock/${done + index}`);
        records.push(...(await Promise.all(keys.map((key) => trial.take(key)))));
      }
      const answers = await renewMany(trial, records.map(renewal));
      const refused = answers.filter((answer) => !('renewed' in answer && answer.renewed));
      assert.deepEqual(refused.slice(0, 3), [], `${refused.length} of ${many} were not renewed`);
      for (const index of [0, Math.floor(many / 2), many - 1]) {
        const record = records[index];
        assert.ok(record !== undefined);
        await isRenewed(trial, answers[index], record);
      }
    },
  },
  needs,
);

export const renewingDamaged: readonly Script[] = group(
  'damage',
  {
    'a damaged record among many renewals is answered for itself, and the others are renewed': async (trial) => {
      const before = await trial.take('before');
      const damaged = await trial.take('damaged');
      const after = await trial.take('after');
      await trial.fault('damage', 'damaged');
      const answers = await renewMany(trial, [before, damaged, after].map(renewal));
      const answer: unknown = answers[1];
      const isForeign = (answer as { code?: unknown }).code === 'FOREIGN_RECORD';
      assert.ok(isForeign || (answer as { renewed?: unknown }).renewed === false, `it was answered ${show(answer)}`);
      await isRenewed(trial, answers[0], before);
      await isRenewed(trial, answers[2], after);
    },
  },
  [...needs, 'faults.damage'],
);

export const noRenewingMany: readonly Script[] = group('renew many', {
  'it has no method for it that nobody checks': (trial) => {
    assert.equal(
      typeof trial.storage.renewMany,
      'undefined',
      'it has renewMany: say renewsMany, so that it is checked',
    );
    return Promise.resolve();
  },
});
