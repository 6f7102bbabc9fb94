import assert from 'node:assert/strict';

import { failsFirst, soon, type DispatcherScript } from './trial.ts';

export const bounds: readonly DispatcherScript[] = [
  {
    name: 'queue: at the limit an event is refused, however many come at once, and taken when there is room again',
    needs: ['limits'],
    demands: { maxQueued: 10 },
    async body(trial) {
      const calls = await trial.handles('orders', 'a', () => trial.shut());
      const sent = Array.from({ length: 200 }, (_, n) => trial.dispatch('orders', n));
      const ends = await Promise.allSettled(sent);
      const refused = ends.filter((end) => end.status === 'rejected');
      assert.equal(ends.length - refused.length, 10);
      for (const { reason } of refused) assert.equal((reason as { readonly code?: string }).code, 'QUEUE_LIMIT');
      assert.equal(trial.dispatcher.counters().refused, 190);
      await trial.until('all that were taken are handled', () => {
        trial.open();
        return trial.dispatcher.counters().handled === 10;
      });
      await trial.settles('an event is taken again', trial.dispatch('orders', 'more'));
      await trial.until('it is handled', () => calls.length === 11);
    },
  },
  {
    name: 'hooks: what they throw or reject harms nothing, and is counted',
    async body(trial) {
      const hooks = {
        onDead: () => {
          throw new Error('a hook');
        },
        onError: async () => {
          throw new Error('a hook');
        },
      };
      const { dispatcher, dispose } = await trial.options.create(hooks);
      try {
        let handled = 0;
        const handler = (event: unknown): void => {
          if (event === 'bad') throw new Error('bad');
          handled += 1;
        };
        const retry = { maxAttempts: 2, delayMs: soon };
        dispatcher.register('orders', handler, { name: 'a', retry });
        await dispatcher.ready();
        await dispatcher.dispatch('orders', 'bad');
        await dispatcher.dispatch('orders', 'good');
        await trial.until('all is done', () => handled === 1 && dispatcher.counters().dead === 1);
        await trial.until('the faults are counted', () => dispatcher.counters().hookFaults === 3);
      } finally {
        await dispatcher.close({ drain: 'none' });
        await dispose?.();
      }
    },
  },
  {
    name: 'close: nothing is taken from that moment on',
    async body(trial) {
      const calls = await trial.handles('orders', 'a', () => trial.shut());
      await trial.dispatch('orders', 1);
      await trial.until('it runs', () => calls.length === 1);
      const closing = trial.dispatcher.close();
      await trial.refuses('DISPATCHER_CLOSED', 'a dispatch while it closes', trial.dispatch('orders', 2));
      assert.throws(() => trial.dispatcher.register('orders', () => undefined, { name: 'b' }), {
        code: 'DISPATCHER_CLOSED',
      });
      trial.open();
      await trial.settles('it closes', closing);
      await trial.refuses('DISPATCHER_CLOSED', 'a dispatch after it', trial.dispatch('orders', 3));
      await trial.refuses('DISPATCHER_CLOSED', 'retryDead after it', trial.dispatcher.retryDead());
    },
  },
  {
    name: 'close: what is due is finished, further attempts included, and all who close have the same end',
    async body(trial) {
      const options = { parallel: 2, retry: { maxAttempts: 2, delayMs: soon } };
      const calls = await trial.handles('orders', 'a', failsFirst, options);
      for (let n = 0; n < 20; n += 1) await trial.dispatch('orders', n);
      const ends = await trial.settles(
        'it closes',
        Promise.all([trial.dispatcher.close(), trial.dispatcher.close(), trial.dispatcher.close()]),
      );
      assert.deepEqual(
        ends,
        Array.from({ length: 3 }, () => ({ undelivered: 0 })),
      );
      // A durable one may leave further attempts to the next process.
      if (!trial.options.keeps) assert.equal(calls.length, 40);
      assert.deepEqual(await trial.dispatcher.close(), { undelivered: 0 });
      const { handled, failed } = trial.dispatcher.counters();
      assert.equal(calls.length, handled + failed);
    },
  },
  {
    name: 'close: what is delayed is given up and told, or kept for the next process',
    needs: ['delays'],
    async body(trial) {
      const calls = await trial.handles('orders', 'a');
      await trial.dispatch('orders', 'later', { delayMs: 60_000 });
      const { undelivered } = await trial.settles('it closes', trial.dispatcher.close());
      assert.equal(calls.length, 0);
      const given = trial.options.keeps ? 0 : 1;
      assert.equal(undelivered, given);
      assert.deepEqual(
        trial.drops.map(({ event, reason }) => [event, reason]),
        trial.options.keeps ? [] : [['later', 'closed']],
      );
      assert.equal(trial.dispatcher.counters().dropped, given);
    },
  },
  {
    name: 'close: a handler that never ends delays it only to the deadline, and learns of it by its signal',
    async body(trial) {
      let told = false;
      const calls = await trial.handles('orders', 'a', (_, { signal }) => {
        signal.addEventListener('abort', () => (told = true), { once: true });
        return trial.shut();
      });
      await trial.dispatch('orders', 1);
      await trial.until('it runs', () => calls.length === 1);
      const closing = trial.dispatcher.close({ signal: AbortSignal.timeout(50) });
      const { undelivered } = await trial.settles('it closes', closing);
      assert.equal(undelivered, trial.options.keeps ? 0 : 1);
      await trial.until('the handler is told', () => told);
    },
  },
  {
    name: 'close: a handler may close the dispatcher that it runs in',
    async body(trial) {
      let ended: Promise<unknown> | undefined;
      await trial.handles('orders', 'a', () => {
        ended = trial.dispatcher.close();
      });
      await trial.dispatch('orders', 1);
      await trial.until('it was closed', () => ended !== undefined);
      assert.deepEqual(await trial.settles('it closes', ended as Promise<unknown>), { undelivered: 0 });
    },
  },
];
