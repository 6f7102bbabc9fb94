import assert from 'node:assert/strict';

import { group, type Script } from './script.ts';
import type { Trial } from './trial.ts';

/** Demands that every token is greater than all before it. */
class Rising {
  #highest = 0;
  #from = 'the beginning';

  next(token: number, what: string): void {
    assert.ok(
      Number.isSafeInteger(token) && token > this.#highest,
      `token ${token} of ${what} is not greater than ${this.#highest} of ${this.#from}`,
    );
    this.#highest = token;
    this.#from = what;
  }
}

const atOnce = 50;

async function others(trial: Trial, count: number): Promise<void> {
  for (let done = 0; done < count; done += atOnce) {
    const keys = Array.from({ length: Math.min(atOnce, count - done) }, (_, index) => `other/${done + index}`);
    const records = await Promise.all(keys.map((key) => trial.take(key)));
    await Promise.all(records.map((record) => trial.release(record)));
  }
}

export const tokens: readonly Script[] = group('tokens', {
  'rise with every acquire and release, a thousand times': async (trial) => {
    const rising = new Rising();
    for (let round = 1; round <= trial.options.rounds; round += 1) {
      const record = await trial.take('a');
      rising.next(record.fencingToken, `round ${round}`);
      await trial.release(record);
    }
  },

  'rise when a lease that ran out is taken over': async (trial) => {
    const rising = new Rising();
    for (let round = 1; round <= 3; round += 1) {
      rising.next((await trial.take('a', { leaseMs: trial.shortMs })).fencingToken, `takeover ${round}`);
      await trial.passShortLease();
    }
  },

  'rise when the lock was taken away by force': async (trial) => {
    const rising = new Rising();
    for (let round = 1; round <= 5; round += 1) {
      rising.next((await trial.take('a')).fencingToken, `round ${round}`);
      await trial.storage.forceRelease('a');
    }
  },

  'rise when two instances take turns': async (trial) => {
    const rising = new Rising();
    const instances = [trial.storage, await trial.second()] as const;
    for (let round = 0; round < 20; round += 1) {
      const storage = instances[round % 2] ?? trial.storage;
      const record = await trial.take('a', {}, storage);
      rising.next(record.fencingToken, `round ${round} on instance ${round % 2}`);
      await trial.release(record, storage);
    }
  },

  'rise although many other keys came and went': async (trial) => {
    const rising = new Rising();
    for (let round = 1; round <= 2; round += 1) {
      const record = await trial.take('a');
      rising.next(record.fencingToken, `round ${round}`);
      await trial.release(record);
      await others(trial, trial.options.rounds + atOnce);
    }
    rising.next((await trial.take('a')).fencingToken, 'the last round');
  },
});

export const durability: readonly Script[] = group(
  'durable',
  {
    'locks are still held and tokens still rise after it was closed and opened': async (trial) => {
      const rising = new Rising();
      const free = await trial.take('free');
      rising.next(free.fencingToken, 'the first opening');
      await trial.release(free);
      const held = await trial.take('held');

      const second = await trial.reopen();
      await trial.holds(held, second);
      const again = await trial.take('free', {}, second);
      rising.next(again.fencingToken, 'the second opening');
      await second.forceRelease('free');

      const third = await trial.reopen();
      await trial.refuse(trial.request('held'), third);
      await trial.release(held, third);
      rising.next((await trial.take('free', {}, third)).fencingToken, 'the third opening');
    },
  },
  ['durable', 'reopen'],
);
