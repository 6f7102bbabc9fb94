import assert from 'node:assert/strict';

import type { LockRecord, LockStorage } from '@lockscope/storage';

import { group, type Script } from './script.ts';
import type { Trial } from './trial.ts';

const chances = 5;

function watch(storage: LockStorage, key: string, wake: () => void): () => void {
  assert.equal(typeof storage.watch, 'function', 'a storage that notifies needs watch');
  const stop = storage.watch?.(key, wake);
  assert.equal(typeof stop, 'function', 'watch gives no way out');
  return stop as () => void;
}

/** A wake may get lost, so a storage has five chances; one that never wakes misses them all. */
async function withinChances(trial: Trial, woken: () => boolean, free: () => Promise<unknown>): Promise<void> {
  for (let chance = 0; chance < chances && !woken(); chance += 1) {
    await free();
    await trial.eventually(woken, trial.options.patienceMs / chances);
  }
  assert.ok(woken(), `not woken, in ${chances} attempts`);
}

async function takeAndRelease(trial: Trial): Promise<void> {
  await trial.release(await trial.take('a'));
}

async function wakes(
  trial: Trial,
  watcher: LockStorage,
  free: (record: LockRecord) => Promise<unknown>,
): Promise<void> {
  let woken = 0;
  const stop = watch(watcher, 'a', () => (woken += 1));
  await withinChances(
    trial,
    () => woken > 0,
    async () => free(await trial.take('a')),
  );
  stop();
}

export const notifications: readonly Script[] = group(
  'notifications',
  {
    'a release wakes who watches': (trial) => wakes(trial, trial.storage, (record) => trial.release(record)),

    'a release wakes who watches on another instance': async (trial) => {
      await wakes(trial, await trial.second(), (record) => trial.release(record));
    },

    'a lock that is taken away wakes who watches': (trial) =>
      wakes(trial, trial.storage, () => trial.storage.forceRelease('a')),

    'all who watch one lock are woken': async (trial) => {
      const woken = [0, 0, 0];
      const stops = woken.map((_, index) => watch(trial.storage, 'a', () => (woken[index] = 1)));
      await withinChances(
        trial,
        () => !woken.includes(0),
        () => takeAndRelease(trial),
      );
      for (const stop of stops) stop();
    },

    'who has taken the way out hears nothing more, and others still do': async (trial) => {
      let gone = 0;
      let stays = 0;
      const stop = watch(trial.storage, 'a', () => (gone += 1));
      const stopOther = watch(trial.storage, 'a', () => (stays += 1));
      stop();
      stop();
      await withinChances(
        trial,
        () => stays > 0,
        () => takeAndRelease(trial),
      );
      stopOther();
      assert.equal(gone, 0, 'who had gone was woken');
    },

    'a wake never comes from inside another call': async (trial) => {
      const { storage } = trial;
      let calling = false;
      let inside = 0;
      let woken = 0;
      const duringCall = <T>(call: () => T): T => {
        calling = true;
        try {
          return call();
        } finally {
          calling = false;
        }
      };
      const wake = (): void => {
        woken += 1;
        if (calling) inside += 1;
      };
      const stop = duringCall(() => watch(storage, 'a', wake));
      await withinChances(
        trial,
        () => woken > 0,
        async () => {
          const { leaseId } = await trial.take('a');
          await duringCall(() => storage.release('a', leaseId));
          await trial.take('a');
          await duringCall(() => storage.forceRelease('a'));
        },
      );
      stop();
      assert.equal(inside, 0, 'a wake came before the call had returned');
    },
  },
  ['notifies'],
);

export const noNotifications: readonly Script[] = group('no notifications', {
  'it has no watch that would never wake anybody': (trial) => {
    assert.equal(typeof trial.storage.watch, 'undefined', 'it states that it does not notify, and has watch');
    return Promise.resolve();
  },
});
