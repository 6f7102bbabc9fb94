import assert from 'node:assert/strict';

import type { LockRecord, LockStorage } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import type { Trial } from './trial.ts';
import { hasHeard, holds, isCalled, isForced, listen, newsHaveCome, waiting, waits, type Listening } from './waiter.ts';

const chances = 5;

type Free = (record: LockRecord) => Promise<unknown>;

/**
 * A lock is held, others wait for it, and it is freed. News may get lost, so a storage has five chances, each with a
 * lock of its own; one that never tells misses them all.
 */
async function called(trial: Trial, watchers: readonly LockStorage[], free: Free): Promise<void> {
  let all: Listening[] = [];
  for (let chance = 0; chance < chances; chance += 1) {
    const record = await trial.take(`a/${chance}`);
    all = [];
    for (const watcher of watchers) all.push(await waits(trial, waiting(trial, record.key), watcher));
    await free(record);
    if (await trial.eventually(() => all.every(isCalled), trial.options.patienceMs / chances)) return;
  }
  const deaf = all.filter((listening) => !isCalled(listening)).length;
  assert.fail(`${deaf} of ${all.length} were not told that the lock was freed, in ${chances} attempts`);
}

export const news: readonly Script[] = group(
  'news',
  {
    'who waits and watches is told when the lock is released': (trial) =>
      called(trial, [trial.storage], (record) => trial.release(record)),

    'who waits and watches on another instance is told when the lock is released': async (trial) => {
      const other = await trial.second();
      await called(trial, [other], (record) => trial.release(record));
    },

    'who waits and watches is told when the lock is taken away': (trial) =>
      called(trial, [trial.storage], ({ key }) => trial.storage.forceRelease(key)),

    'who has taken the way out hears nothing more, and others still do': async (trial) => {
      const stays = listen(trial.storage, waiting(trial, 'b'));
      const gone = listen(trial.storage, waiting(trial, 'a'));
      const [a, b] = [await trial.take('a'), await trial.take('b')];
      await trial.refuse(gone.request);
      await trial.refuse(stays.request);
      gone.stop();
      gone.stop();
      await trial.release(a);
      await trial.release(b);
      assert.ok(await trial.eventually(() => isCalled(stays)), 'who stayed was not told');
      assert.deepEqual(gone.heard, [], 'who had gone was told');
    },

    'never comes from inside another call': async (trial) => {
      const { storage } = trial;
      let calling = '';
      const inside = new Set<string>();
      const during = <T>(what: string, call: () => T): T => {
        calling = what;
        try {
          return call();
        } finally {
          calling = '';
        }
      };
      const request = waiting(trial);
      const note = (): void => void (calling !== '' && inside.add(calling));
      const holder = await trial.take('a');
      const listening = during('watch', () => listen(storage, request, note));
      await during('acquire', () => storage.acquire(request));
      await during('release', () => storage.release('a', holder.leaseId));
      assert.ok(await trial.eventually(() => isCalled(listening)), 'it was never told');
      await during('acquire', () => storage.acquire(request));
      await during('renew', () => storage.renew('a', request.leaseId, request.leaseMs));
      await during('forceRelease', () => storage.forceRelease('a'));
      await during('read', () => storage.read('a'));
      assert.deepEqual([...inside], [], 'news came before a call had returned');
    },

    'the holder that watches is told when its lock is taken away': async (trial) => {
      const holder = await holds(trial);
      await trial.storage.forceRelease('a');
      await isForced(trial, holder);
    },

    'the holder that watches is told when its lock is taken away by another instance': async (trial) => {
      const holder = await holds(trial);
      await (await trial.second()).forceRelease('a');
      await isForced(trial, holder);
    },

    'that a lock was taken away reaches only who had it': async (trial) => {
      const holder = await holds(trial);
      const waiter = await waits(trial);
      const other = await holds(trial, trial.request('b'));
      const gone = await holds(trial, trial.request('c'));
      gone.stop();
      await trial.storage.forceRelease('a');
      await trial.storage.forceRelease('c');
      await isForced(trial, holder);
      await newsHaveCome(trial);
      assert.deepEqual(
        [waiter, other].map((one) => hasHeard(one, 'forced')),
        [false, false],
      );
      assert.deepEqual(gone.heard, [], 'who had gone was told');
    },

    'a release and the end of a lease are not told as if the lock had been taken away': async (trial) => {
      const releases = await holds(trial, trial.request('a'));
      const expires = await holds(trial, trial.request('b', { leaseMs: trial.shortMs }));
      await trial.release(releases.request);
      await trial.passShortLease();
      await trial.take('a');
      await trial.take('b');
      await newsHaveCome(trial);
      assert.deepEqual(
        [releases, expires].map((one) => hasHeard(one, 'forced')),
        [false, false],
      );
    },
  },
  ['notifies'],
);

export const asking: readonly Script[] = group(
  'asking',
  {
    'nobody is told that the lock was handed over, who waits is told to ask': async (trial) => {
      const { leaseId } = await trial.take('a');
      const first = await waits(trial);
      const second = await waits(trial);
      await trial.storage.release('a', leaseId);
      assert.ok(
        await trial.eventually(() => hasHeard(first, 'ask') || hasHeard(second, 'ask')),
        'nobody was told to ask',
      );
      await trial.grant(first.request);
      await newsHaveCome(trial);
      const handed = [first, second].map((one) => hasHeard(one, 'granted'));
      assert.deepEqual(handed, [false, false], 'it was said that this storage hands nothing over');
    },
  },
  ['notifies'],
);

export const askingAll: readonly Script[] = group(
  'asking',
  {
    'where nobody comes first, all who watch are told to ask': async (trial) => {
      const other = await trial.second();
      await called(trial, [trial.storage, other, trial.storage], (record) => trial.release(record));
    },
  },
  ['notifies'],
);

export const noNews: readonly Script[] = group('no news', {
  'it has no watch that would never tell anybody': (trial) => {
    assert.equal(typeof trial.storage.watch, 'undefined', 'it states that it does not notify, and has watch');
    return Promise.resolve();
  },
});
