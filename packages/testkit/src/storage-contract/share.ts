import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type { LockRecord } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import { longLeaseMs, rejectsWith, show, type Trial } from './trial.ts';

/** Several that share one lock, one after the other on two instances. */
export async function shared(
  trial: Trial,
  count: number,
  share: number,
  key: string = 'a',
): Promise<readonly LockRecord[]> {
  const instances = [trial.storage, await trial.second()];
  const records: LockRecord[] = [];
  for (let index = 0; index < count; index += 1) records.push(await trial.take(key, { share }, instances[index % 2]));
  return records;
}

/** Demands that exactly these have the lock, first come first. */
export async function haveIt(trial: Trial, records: readonly LockRecord[], key: string = 'a'): Promise<void> {
  const { record, sharers = [] } = await trial.storage.read(key);
  const all = record === undefined ? [] : [record, ...sharers];
  assert.deepEqual(all, [...records], 'who has the lock together');
}

export const share: readonly Script[] = group(
  'share',
  {
    'as many get in as may, and the next one is refused and told who has it': async (trial) => {
      const records = await shared(trial, 3, 3);
      const refused = await trial.refuse(trial.request('a', { share: 3 }));
      assert.ok(
        records.some(({ leaseId }) => leaseId === refused.record?.leaseId),
        `the refusal names nobody who has it: ${show(refused.record)}`,
      );
      await haveIt(trial, records);
    },

    'all who have it are on record, first come first, with how many it is for': async (trial) => {
      const [limited] = await shared(trial, 1, 5);
      const [endless] = await shared(trial, 1, Infinity);
      assert.ok(limited !== undefined && endless !== undefined);
      assert.deepEqual([limited.share, endless.share], [5, Infinity]);
      await haveIt(trial, [limited, endless]);
      await trial.holds(limited, await trial.second());
      const alone = await trial.take('b');
      assert.equal(alone.share, undefined, 'who has a lock alone shares it with nobody');
      assert.deepEqual([...((await trial.storage.read('b')).sharers ?? [])], []);
    },

    'any number gets in where there is no limit': async (trial) => {
      const records = await shared(trial, 20, Infinity);
      await haveIt(trial, records);
    },

    'each goes by its own number': async (trial) => {
      const first = await trial.take('a', { share: 3 });
      await trial.refuse(trial.request('a', { share: 1 }));
      const second = await trial.take('a', { share: 2 });
      await trial.refuse(trial.request('a', { share: 2 }));
      const third = await trial.take('a', { share: 3 });
      await trial.refuse(trial.request('a', { share: 3 }));
      await haveIt(trial, [first, second, third]);
    },

    'who wants it alone is refused while it is shared, and who would share it while one has it alone': async (
      trial,
    ) => {
      const sharers = await shared(trial, 2, Infinity);
      await trial.refuse(trial.request('a'));
      for (const record of sharers) await trial.release(record);
      const alone = await trial.take('a');
      await trial.refuse(trial.request('a', { share: Infinity }));
      await haveIt(trial, [alone]);
    },

    'every possession has a token of its own, greater than those before': async (trial) => {
      const records = await shared(trial, 4, Infinity);
      for (const record of records.slice(1)) await trial.release(record);
      const tokens = [...records, ...(await shared(trial, 2, Infinity))].map(({ fencingToken }) => fencingToken);
      assert.deepEqual(
        tokens,
        [...new Set(tokens)].toSorted((a, b) => a - b),
        'tokens of those who share',
      );
    },

    'tokens rise from those who share to the one that follows alone': async (trial) => {
      const [first, second] = await shared(trial, 2, 2);
      assert.ok(first !== undefined && second !== undefined);
      await trial.release(second);
      await trial.release(first);
      const alone = await trial.take('a');
      assert.ok(alone.fencingToken > second.fencingToken, `token ${alone.fencingToken} after ${second.fencingToken}`);
    },

    'when one releases, its place is free, and the others keep theirs': async (trial) => {
      const [first, second, third] = await shared(trial, 3, 3);
      assert.ok(first !== undefined && second !== undefined && third !== undefined);
      await trial.release(second, await trial.second());
      await trial.cannotRelease({ key: 'a', leaseId: randomUUID() }, first);
      await haveIt(trial, [first, third]);
      const next = await trial.take('a', { share: 3 });
      await haveIt(trial, [first, third, next]);
      await trial.release(first);
      await haveIt(trial, [third, next]);
    },

    'when the lease of one runs out, its place is free, and the others keep theirs': async (trial) => {
      const first = await trial.take('a', { share: 2, leaseMs: trial.shortMs });
      const second = await trial.take('a', { share: 2 });
      await trial.passShortLease();
      await haveIt(trial, [second]);
      await trial.cannotRelease(first, second);
      const next = await trial.take('a', { share: 2 });
      await haveIt(trial, [second, next]);
    },

    'a renewal is for the one that renews': async (trial) => {
      const renews = await trial.take('a', { share: 3, leaseMs: trial.shortMs });
      await trial.take('a', { share: 3, leaseMs: trial.shortMs });
      const stays = await trial.take('a', { share: 3 });
      const renewed = await trial.storage.renew('a', renews.leaseId, longLeaseMs);
      assert.ok(renewed.renewed, 'the lease was not over');
      await trial.passShortLease();
      await haveIt(trial, [{ ...renews, expiresAt: renewed.expiresAt }, stays]);
    },

    'a lease that shares and asks again keeps its place and its token, also when all places are taken': async (
      trial,
    ) => {
      const request = trial.request('a', { share: 2, leaseMs: trial.shortMs });
      const { record } = await trial.grant(request);
      const other = await trial.take('a', { share: 2 });
      const again = await trial.grant({ ...request, leaseMs: longLeaseMs }, await trial.second());
      assert.equal(again.record.fencingToken, record.fencingToken, 'one possession has one token');
      await trial.passShortLease();
      await haveIt(trial, [again.record, other]);
    },

    'a force release takes it away from all, gives the first, and each is told why': async (trial) => {
      const records = await shared(trial, 3, 3);
      assert.deepEqual(await (await trial.second()).forceRelease('a'), records[0]);
      await trial.isFree('a');
      const alone = await trial.take('a');
      for (const { leaseId } of records) {
        const renewal = await trial.storage.renew('a', leaseId, longLeaseMs);
        assert.ok(!renewal.renewed, 'the lock was taken away from it');
        assert.equal(renewal.forced ?? false, !trial.options.forgetsForced, `it was told ${show(renewal)}`);
      }
      await trial.holds(alone);
    },

    'it is listed once, with all who have it': async (trial) => {
      const records = await shared(trial, 3, Infinity);
      const alone = await trial.take('b');
      const told: unknown[] = [];
      for await (const state of trial.storage.list()) told.push([state.record, ...(state.sharers ?? [])]);
      assert.deepEqual(told, [[...records], [alone]]);
    },

    'of 100 that want one of ten places at once, ten get in': async (trial) => {
      const instances = [trial.storage, await trial.second()] as const;
      const attempts = Array.from({ length: 100 }, (_, index) =>
        (instances[index % 2] ?? trial.storage).acquire(trial.request('a', { share: 10 })),
      );
      const records = (await Promise.all(attempts)).flatMap((result) => (result.acquired ? [result.record] : []));
      assert.equal(records.length, 10, 'how many got in');
      await haveIt(
        trial,
        records.toSorted((a, b) => a.fencingToken - b.fencingToken),
      );
    },
  },
  ['shares'],
);

export const noShare: readonly Script[] = group('no share', {
  'a request to share is rejected, and takes nothing': async (trial) => {
    for (const places of [1, 3, Infinity]) {
      await rejectsWith('STORAGE_FAILED', 'acquire', () =>
        trial.storage.acquire(trial.request('a', { share: places })),
      );
    }
    await trial.isFree('a');
    await trial.take('a');
    await rejectsWith('STORAGE_FAILED', 'acquire', () => trial.storage.acquire(trial.request('a', { share: 3 })));
  },
});
