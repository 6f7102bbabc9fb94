import assert from 'node:assert/strict';

import type { LockRecord, LockStorage } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import type { Trial } from './trial.ts';
import { listen, waiting, waits, type Listening } from './waiter.ts';

const chances = 5;

type Free = (record: LockRecord) => Promise<unknown>;

/**
 * A lock is held, others wait for it, and it is freed. News may get lost, so a storage has five chances, each with a
 * lock of its own; one that never tells misses them all.
 */
async function tells(trial: Trial, watchers: readonly LockStorage[], free: Free): Promise<void> {
  let all: Listening[] = [];
  const told = (): boolean => all.some(({ heard }) => heard.some(({ type }) => type !== 'forced'));
  for (let chance = 0; chance < chances && !told(); chance += 1) {
    const record = await trial.take(`a/${chance}`);
    all = [];
    for (const watcher of watchers) all.push(await waits(trial, waiting(trial, record.key), watcher));
    await free(record);
    await trial.eventually(told, trial.options.patienceMs / chances);
  }
  assert.ok(told(), `nobody was told that a lock was freed, in ${chances} attempts`);
  for (const { heard, request, storage } of all) {
    if (heard.length > 0) await trial.grant(request, storage);
    if (heard.length > 0) break;
  }
}

export const news: readonly Script[] = group(
  'news',
  {
    'who waits and watches is told when the lock is released': (trial) =>
      tells(trial, [trial.storage], (record) => trial.release(record)),

    'who waits and watches on another instance is told when the lock is released': async (trial) => {
      const other = await trial.second();
      await tells(trial, [other], (record) => trial.release(record));
    },

    'who waits and watches is told when the lock is taken away': (trial) =>
      tells(trial, [trial.storage], ({ key }) => trial.storage.forceRelease(key)),

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
      assert.ok(await trial.eventually(() => stays.heard.length > 0), 'who stayed was not told');
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
      assert.ok(await trial.eventually(() => listening.heard.length > 0), 'it was never told');
      await during('acquire', () => storage.acquire(request));
      await during('renew', () => storage.renew('a', request.leaseId, request.leaseMs));
      await during('forceRelease', () => storage.forceRelease('a'));
      await during('read', () => storage.read('a'));
      assert.deepEqual([...inside], [], 'news came before a call had returned');
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
