import assert from 'node:assert/strict';

import { nth, type DispatcherScript } from './trial.ts';

export const times: readonly DispatcherScript[] = [
  {
    name: 'delay: an event is held back as long as it says, and not much longer',
    needs: ['delays'],
    async body(trial) {
      const calls = await trial.handles('orders', 'a');
      const from = performance.now();
      await trial.dispatch('orders', 1, { delayMs: 150 });
      await trial.until('the event is handled', () => calls.length === 1);
      const after = nth(calls, 0).at - from;
      assert.ok(after >= 149, `it came after ${after} ms`);
      // Durable ones keep whole milliseconds and look again; a machine that is busy is late, too.
      assert.ok(after < 1_500, `it came after ${after} ms`);
    },
  },
  {
    name: 'delay: what is due first comes first, whenever it was dispatched',
    needs: ['delays'],
    async body(trial) {
      const calls = await trial.handles('orders', 'a', undefined, { parallel: 1 });
      const now = Date.now();
      await trial.dispatch('orders', 'third', { at: now + 450 });
      await trial.dispatch('orders', 'second', { at: new Date(now + 250) });
      await trial.dispatch('orders', 'first');
      await trial.until('all are handled', () => calls.length === 3);
      assert.deepEqual(
        calls.map(({ event }) => event),
        ['first', 'second', 'third'],
      );
    },
  },
  {
    name: 'parallel: so many attempts of a topic run at once, and never more',
    demands: { parallel: 5 },
    async body(trial) {
      let running = 0;
      let most = 0;
      const calls = await trial.handles('orders', 'a', async () => {
        running += 1;
        most = Math.max(most, running);
        await trial.shut();
        running -= 1;
      });
      for (let n = 0; n < 20; n += 1) await trial.dispatch('orders', n);
      await trial.until('five run', () => running === 5);
      await trial.quiet();
      assert.equal(running, 5);
      await trial.until('all are handled', () => {
        trial.open();
        return calls.length === 20;
      });
      assert.equal(most, 5);
    },
  },
  {
    name: 'parallel: a topic that is stuck delays no other',
    demands: { parallel: 2 },
    async body(trial) {
      const stuck = await trial.handles('stuck', 'a', () => trial.shut());
      const fast = await trial.handles('fast', 'a');
      for (let n = 0; n < 10; n += 1) await trial.dispatch('stuck', n);
      await trial.until('the stuck ones run', () => stuck.length === 2);
      for (let n = 0; n < 10; n += 1) await trial.dispatch('fast', n);
      await trial.until('the fast ones are handled', () => fast.length === 10);
      assert.equal(stuck.length, 2);
    },
  },
  {
    name: 'limit: the signal aborts at the limit, and the attempt counts as failed',
    async body(trial) {
      const reasons: unknown[] = [];
      const handler = async (_: unknown, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
        await trial.shut(signal);
        reasons.push(signal.reason);
      };
      await trial.handles('orders', 'a', handler, { timeLimitMs: 40, retry: { maxAttempts: 1 } });
      await trial.dispatch('orders', 1);
      await trial.until('it is dead', () => trial.dead.length === 1);
      assert.equal((reasons[0] as { readonly code?: string }).code, 'TIME_LIMIT');
      assert.equal(trial.dead[0]?.attempts, 1);
      assert.match(trial.dead[0]?.errors[0]?.message ?? '', /within 40 ms/);
      const { failed, timedOut, handled } = trial.dispatcher.counters();
      assert.deepEqual({ failed, timedOut, handled }, { failed: 1, timedOut: 1, handled: 0 });
    },
  },
  {
    name: 'limit: the next attempt begins when the one before has really ended',
    async body(trial) {
      let running = 0;
      let most = 0;
      const handler = async (): Promise<void> => {
        running += 1;
        most = Math.max(most, running);
        await trial.shut();
        running -= 1;
      };
      const retry = { maxAttempts: 2, delayMs: () => 0 };
      const calls = await trial.handles('orders', 'a', handler, { timeLimitMs: 20, retry });
      await trial.dispatch('orders', 1);
      await trial.until('the limit is reached', () => trial.dispatcher.counters().timedOut === 1);
      await trial.quiet();
      assert.equal(calls.length, 1);
      trial.open();
      await trial.until('it has its second attempt', () => calls.length === 2);
      assert.equal(most, 1);
    },
  },
];
