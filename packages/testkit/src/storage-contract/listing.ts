import assert from 'node:assert/strict';

import { group, type Script } from './script.ts';
import { listed, type Trial } from './trial.ts';

async function takeAll(trial: Trial, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => trial.take(key)));
}

async function keysOf(trial: Trial, prefix?: string): Promise<string[]> {
  return (await listed(trial.storage, prefix)).map(({ key }) => key);
}

export const listing: readonly Script[] = group('list', {
  'nothing, where nothing is held': async (trial) => {
    assert.deepEqual(await keysOf(trial), []);
  },

  'every held lock, in the order of the keys, with its complete record': async (trial) => {
    const keys = ['b', 'a/2', 'a/10', 'a/1', 'B', 'ä', 'a', '漢', '~'];
    for (const key of keys) await trial.take(key, { holder: { ownerId: `of ${key}`, pid: 1 } });
    const inOrder = keys.toSorted();
    const told = await listed(await trial.second());
    assert.deepEqual(
      told.map(({ key }) => key),
      inOrder,
    );
    for (const record of told) await trial.holds(record);
  },

  'says what the storage knows of the waiters, and its time': async (trial) => {
    const record = await trial.take('a');
    const told = [];
    for await (const state of trial.storage.list()) told.push(state);
    const [state] = told;
    assert.ok(state !== undefined && told.length === 1, `one lock is held, ${told.length} are listed`);
    assert.deepEqual(state.record, record);
    assert.deepEqual([...state.waiters], []);
    assert.ok(state.storageNow >= record.acquiredAt, `it looked at ${state.storageNow}, before ${record.acquiredAt}`);
  },

  'nothing that was released, taken away or ran out': async (trial) => {
    const released = await trial.take('released');
    await trial.take('forced');
    await trial.take('over', { leaseMs: trial.shortMs });
    await trial.take('held');
    await trial.release(released);
    await trial.storage.forceRelease('forced');
    await trial.passShortLease();
    assert.deepEqual(await keysOf(trial), ['held']);
  },

  'a prefix is text, not a pattern, and its case counts': async (trial) => {
    const keys = ['a%1', 'a%2', 'a_1', 'a\\1', 'a*1', 'a?1', 'a[1', 'ab1', 'A%1', 'a', "a'1"];
    await takeAll(trial, keys);
    for (const prefix of ['a%', 'a_', 'a\\', 'a*', 'a?', 'a[', 'A', "a'", 'a', 'ab1', 'nothing', '']) {
      const expected = keys.filter((key) => key.startsWith(prefix)).toSorted();
      assert.deepEqual(await keysOf(trial, prefix), expected, `prefix ${JSON.stringify(prefix)}`);
    }
  },

  'several hundred locks, each once': async (trial) => {
    const keys = Array.from({ length: 250 }, (_, index) => `lock/${String(index).padStart(4, '0')}`);
    await takeAll(trial, keys);
    await takeAll(trial, ['aside/1', 'z']);
    assert.deepEqual(await keysOf(trial, 'lock/'), keys);
    assert.equal((await keysOf(trial)).length, keys.length + 2);
  },

  'a loop may end early, and the storage works on': async (trial) => {
    await takeAll(trial, ['a', 'b', 'c']);
    for await (const { record } of trial.storage.list()) {
      assert.equal(record.key, 'a');
      break;
    }
    assert.deepEqual(await keysOf(trial), ['a', 'b', 'c']);
    await trial.take('d');
  },

  'locks that come and go meanwhile do not disturb those that stay': async (trial) => {
    const stay = Array.from({ length: 120 }, (_, index) => `stay/${String(index).padStart(3, '0')}`);
    await takeAll(trial, stay);
    const goes = await trial.take('goes');
    const other = await trial.second();
    const told: string[] = [];
    for await (const { record } of trial.storage.list()) {
      told.push(record.key);
      if (told.length === 10) {
        await trial.release(goes, other);
        await trial.take('stay/050/new', {}, other);
        await trial.take('comes', {}, other);
      }
    }
    assert.deepEqual(
      told.filter((key) => stay.includes(key)),
      stay,
    );
    assert.equal(new Set(told).size, told.length, 'a lock was told twice');
  },
});
