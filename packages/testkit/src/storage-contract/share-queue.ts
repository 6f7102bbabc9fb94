import assert from 'node:assert/strict';

import { group, type Script } from './script.ts';
import { haveIt, shared } from './share.ts';
import type { Trial } from './trial.ts';
import { holds, isForced, isHanded, waiting, waits, type Listening } from './waiter.ts';

/** An attempt to share that means to wait. */
function sharing(trial: Trial, places = Infinity): ReturnType<typeof waiting> {
  return waiting(trial, 'a', { share: places });
}

/** The ones who share a lock and those who wait, where nobody watches: each asks. */
export const shareQueue: readonly Script[] = group(
  'share',
  {
    'who wants it alone waits for all who share it, and nobody passes it': async (trial) => {
      const readers = await shared(trial, 2, Infinity);
      const writer = waiting(trial);
      await trial.refuse(writer);
      await trial.refuse(trial.request('a', { share: Infinity }));
      const late = sharing(trial);
      assert.equal((await trial.refuse(late)).ahead, 1, 'one waits before it');
      for (const reader of readers) {
        await trial.refuse(writer);
        await trial.refuse(late);
        await trial.release(reader);
      }
      await trial.refuse(late);
      const { record } = await trial.grant(writer);
      await haveIt(trial, [record]);
      await trial.refuse(late);
      await trial.release(record);
      await trial.grant(late);
    },

    'those who wait behind one that wants it alone come in together after it': async (trial) => {
      const holder = await trial.take('a');
      const writer = waiting(trial);
      await trial.refuse(writer);
      const readers = [sharing(trial), sharing(trial), sharing(trial)];
      for (const reader of readers) await trial.refuse(reader);
      const last = waiting(trial);
      await trial.refuse(last);
      await trial.release(holder);
      await trial.release((await trial.grant(writer)).record);
      const records = [];
      for (const reader of readers) records.push((await trial.grant(reader)).record);
      await trial.refuse(last);
      await haveIt(trial, records);
      for (const record of records) await trial.release(record);
      await trial.grant(last);
    },

    'when one releases, the first that waits for a place gets it': async (trial) => {
      const [first, second] = await shared(trial, 2, 2);
      assert.ok(first !== undefined && second !== undefined);
      const third = sharing(trial, 2);
      const fourth = sharing(trial, 2);
      await trial.refuse(third);
      await trial.refuse(fourth);
      await trial.release(first);
      await trial.refuse(fourth);
      const { record } = await trial.grant(third);
      await trial.refuse(fourth);
      await haveIt(trial, [second, record]);
    },

    'with how many a waiter would share is on record': async (trial) => {
      await trial.take('a');
      for (const places of [3, Infinity]) await trial.refuse(sharing(trial, places));
      await trial.refuse(waiting(trial));
      const { waiters } = await trial.storage.read('a');
      assert.deepEqual(
        waiters.map((waiter) => waiter.share),
        [3, Infinity, undefined],
      );
    },
  },
  ['shares', 'queues'],
);

/** Where a freed lock is handed over. */
export const shareHandOver: readonly Script[] = group(
  'share',
  {
    'a place that is freed is handed to the first that waits for it': async (trial) => {
      const [first, second] = await shared(trial, 2, 2);
      assert.ok(first !== undefined && second !== undefined);
      const waiter = await waits(trial, sharing(trial, 2));
      await trial.release(first);
      const { record } = await isHanded(trial, waiter);
      assert.equal(record.share, 2);
      await haveIt(trial, [second, record]);
    },

    'who wants it alone is handed it when the last of those who share it releases': async (trial) => {
      const [first, second] = await shared(trial, 2, Infinity);
      assert.ok(first !== undefined && second !== undefined);
      const writer = await waits(trial);
      await trial.release(first);
      await haveIt(trial, [second]);
      await trial.release(second);
      const { record } = await isHanded(trial, writer);
      await haveIt(trial, [record]);
    },

    'all who would share it and wait at the head are handed it together': async (trial) => {
      const holder = await trial.take('a');
      const other = await trial.second();
      const readers: Listening[] = [];
      for (const storage of [trial.storage, other, trial.storage])
        readers.push(await waits(trial, sharing(trial), storage));
      const writer = await waits(trial);
      const late = await waits(trial, sharing(trial));
      await trial.release(holder);
      const records = [];
      for (const reader of readers) records.push((await isHanded(trial, reader)).record);
      await haveIt(trial, records);
      for (const record of records) await trial.release(record);
      const { record } = await isHanded(trial, writer);
      await trial.release(record);
      await isHanded(trial, late);
    },

    'when one that wants it alone leaves, those behind it join those who have it': async (trial) => {
      const [reader] = await shared(trial, 1, Infinity);
      assert.ok(reader !== undefined);
      const writer = await waits(trial);
      const late = await waits(trial, sharing(trial));
      await trial.storage.leave?.('a', writer.request.leaseId);
      const { record } = await isHanded(trial, late);
      await haveIt(trial, [reader, record]);
    },
  },
  ['shares', 'queues', 'notifies'],
);

export const shareNews: readonly Script[] = group(
  'share',
  {
    'all who share it and watch are told when it is taken away': async (trial) => {
      const one = await holds(trial, trial.request('a', { share: 2 }));
      const two = await holds(trial, trial.request('a', { share: 2 }), await trial.second());
      await trial.storage.forceRelease('a');
      await isForced(trial, one);
      await isForced(trial, two);
    },
  },
  ['shares', 'notifies'],
);
