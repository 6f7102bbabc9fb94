import assert from 'node:assert/strict';

import type { ClosableScript } from './script.ts';

/** What a close promises when the destination works. */
export const ending: readonly ClosableScript[] = [
  {
    name: 'ending: with nothing accepted nothing is undelivered',
    body: async (trial) => {
      const { undelivered } = await trial.inTime(trial.setup.subject.close(), 'close');
      assert.equal(undelivered, 0);
      assert.deepEqual(trial.setup.delivered(), []);
    },
  },
  {
    name: 'ending: what was accepted before is delivered, and nothing is undelivered',
    body: async (trial) => {
      trial.put(20);
      await trial.until(() => trial.which('pending').length === 0, 'the puts end');
      assert.equal(trial.which('accepted').length, 20, 'a put was refused before anybody closed');
      const closed = await trial.inTime(trial.setup.subject.close(), 'close');
      assert.equal(closed.undelivered, 0);
      trial.deliveredAll();
    },
  },
  {
    name: 'ending: what is put in the same turn is delivered or refused',
    body: async (trial) => {
      trial.put(20);
      const closed = await trial.inTime(trial.setup.subject.close(), 'close');
      await trial.everyPutEnds();
      assert.equal(closed.undelivered, 0);
      trial.deliveredAll();
    },
  },
  {
    name: 'ending: it waits for a destination that is slow',
    body: async (trial) => {
      trial.setup.stick();
      trial.put(3);
      await trial.taken();
      let ended = false;
      const closing = trial.setup.subject.close().finally(() => (ended = true));
      await trial.taken();
      assert.equal(ended, false, 'close ended while the destination had an event');
      trial.setup.unstick();
      const closed = await trial.inTime(closing, 'close');
      await trial.everyPutEnds();
      assert.equal(closed.undelivered, 0);
      trial.deliveredAll();
    },
  },
  {
    name: 'ending: twice is fine, and gives the same',
    body: async (trial) => {
      trial.put(3);
      const first = await trial.inTime(trial.setup.subject.close(), 'close');
      const second = await trial.inTime(trial.setup.subject.close(), 'a second close');
      assert.deepEqual(second, first);
    },
  },
  {
    name: 'ending: all who close at once wait for the same end',
    body: async (trial) => {
      const { subject } = trial.setup;
      trial.setup.stick();
      trial.put(3);
      await trial.taken();
      let ended = 0;
      const all = [1, 2, 3].map(() => subject.close().finally(() => (ended += 1)));
      await trial.taken();
      assert.equal(ended, 0, 'somebody was told of the end before it came');
      trial.setup.unstick();
      const [first, ...others] = await trial.inTime(Promise.all(all), 'closers');
      for (const other of others) assert.deepEqual(other, first);
      trial.deliveredAll();
    },
  },
  {
    name: 'ending: leaving a scope closes it',
    body: async (trial) => {
      trial.put(3);
      await trial.inTime(Promise.resolve(trial.setup.subject[Symbol.asyncDispose]()), 'leaving');
      await trial.refuses();
      await trial.everyPutEnds();
      trial.deliveredAll();
    },
  },
  {
    name: 'ending: null and undefined are events like others',
    needs: ['putAny'],
    body: async (trial) => {
      const puts = [null, undefined].map((value) => Promise.resolve(trial.setup.putAny?.(value)));
      await trial.inTime(Promise.all(puts), 'puts of null and undefined');
      const { undelivered } = await trial.inTime(trial.setup.subject.close(), 'close');
      assert.equal(undelivered, 0);
    },
  },
  {
    name: 'refusing: from the call of close on every put is told that it is closed',
    body: async (trial) => {
      trial.setup.stick();
      trial.put(2);
      await trial.taken();
      const closing = trial.setup.subject.close();
      await trial.refuses();
      trial.setup.unstick();
      await trial.inTime(closing, 'close');
      await trial.refuses();
      trial.deliveredAll();
    },
  },
];
