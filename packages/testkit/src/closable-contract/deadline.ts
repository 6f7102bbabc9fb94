import assert from 'node:assert/strict';

import type { ClosableTrial } from './closable-trial.ts';
import type { ClosableScript } from './script.ts';

/** Puts some with a destination that is stuck, and waits until it has what it takes. */
async function stuckWith(trial: ClosableTrial, count: number): Promise<void> {
  trial.setup.stick();
  trial.put(count);
  await trial.taken();
}

/** What a close promises when the destination never answers, or when somebody waits for himself. */
export const deadline: readonly ClosableScript[] = [
  {
    name: 'deadline: a stuck destination is given up at the signal, not before, and what is undelivered is counted',
    body: async (trial) => {
      await stuckWith(trial, 5);
      const giveUp = new AbortController();
      let ended = false;
      const closing = trial.setup.subject.close(giveUp).finally(() => (ended = true));
      await trial.taken();
      assert.equal(ended, false, 'close ended before the signal');
      giveUp.abort();
      const closed = await trial.inTime(closing, 'close after the signal');
      await trial.everyPutEnds();
      await trial.accountsFor(closed);
    },
  },
  {
    name: 'deadline: the signal of a later closer counts when it comes earlier',
    body: async (trial) => {
      await stuckWith(trial, 3);
      const first = trial.setup.subject.close({ signal: new AbortController().signal });
      await trial.taken();
      const giveUp = new AbortController();
      const second = trial.setup.subject.close(giveUp);
      giveUp.abort();
      const [one, two] = await trial.inTime(Promise.all([first, second]), 'both closers');
      assert.deepEqual(two, one);
      await trial.accountsFor(one);
    },
  },
  {
    name: 'deadline: a signal that has aborted ends it at once',
    body: async (trial) => {
      await stuckWith(trial, 3);
      const closed = await trial.inTime(trial.setup.subject.close({ signal: AbortSignal.abort() }), 'close');
      await trial.everyPutEnds();
      await trial.accountsFor(closed);
      await trial.refuses();
    },
  },
  {
    name: 'deadline: with nothing accepted a signal that has aborted is fine',
    body: async (trial) => {
      const { undelivered } = await trial.inTime(trial.setup.subject.close({ signal: AbortSignal.abort() }), 'close');
      assert.equal(undelivered, 0);
      await trial.refuses();
    },
  },
  {
    name: 'deadline: a signal that aborts after the end changes nothing',
    body: async (trial) => {
      trial.put(3);
      const giveUp = new AbortController();
      const closed = await trial.inTime(trial.setup.subject.close(giveUp), 'close');
      giveUp.abort();
      await trial.turns();
      assert.deepEqual(await trial.inTime(trial.setup.subject.close(giveUp), 'a second close'), closed);
      trial.deliveredAll();
    },
  },
  {
    name: 'deadline: what was given up is not delivered after all',
    body: async (trial) => {
      await stuckWith(trial, Number.isFinite(trial.options.concurrency) ? 5 + trial.options.concurrency : 5);
      await trial.inTime(trial.setup.subject.close({ signal: AbortSignal.abort() }), 'close');
      const before = trial.setup.delivered().length;
      trial.setup.unstick();
      await trial.taken();
      const late = trial.setup.delivered().length - before;
      assert.ok(late <= trial.options.concurrency, `${late} events were delivered after they were given up`);
    },
  },
  {
    name: 'inside: who closes while an event is handled, and does not wait, gets to the end',
    needs: ['inside'],
    body: async (trial) => {
      let closing: Promise<unknown> | undefined;
      trial.setup.inside?.(() => {
        closing = trial.setup.subject.close();
      });
      trial.put(3);
      await trial.until(() => closing !== undefined, 'the destination has an event');
      await trial.inTime(closing as Promise<unknown>, 'close');
      await trial.everyPutEnds();
      trial.deliveredAll();
    },
  },
  {
    name: 'inside: who closes while an event is handled, and waits for it, gets to the end at the signal',
    needs: ['inside'],
    body: async (trial) => {
      const giveUp = new AbortController();
      let begun = false;
      let ended = false;
      trial.setup.inside?.(async () => {
        begun = true;
        await trial.setup.subject.close(giveUp);
        ended = true;
      });
      trial.put(1);
      await trial.until(() => begun, 'the destination has an event');
      giveUp.abort();
      await trial.until(() => ended, 'close ends inside');
      await trial.everyPutEnds();
    },
  },
];
