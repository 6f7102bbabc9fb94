import assert from 'node:assert/strict';

import { always, failsBad, nth, soon, type DispatcherScript } from './trial.ts';

export const failing: readonly DispatcherScript[] = [
  {
    name: 'retry: only the handler that failed has the event again, with the number of its attempt',
    async body(trial) {
      const a = await trial.handles('orders', 'a');
      const b = await trial.handles(
        'orders',
        'b',
        (_, { attempt }) => {
          if (attempt < 3) throw new Error(`not on attempt ${attempt}`);
        },
        { retry: { delayMs: soon } },
      );
      const id = await trial.dispatch('orders', 1);
      await trial.until('it is handled at last', () => b.length === 3);
      await trial.quiet();
      assert.equal(a.length, 1);
      assert.deepEqual(
        b.map(({ context }) => [context.attempt, context.id]),
        [1, 2, 3].map((attempt) => [attempt, id]),
      );
      assert.equal(trial.faults.filter(({ place }) => place.id === id && place.handler === 'b').length, 2);
    },
  },
  {
    name: 'retry: without a policy there are four attempts in all',
    async body(trial) {
      const calls = await trial.handles('orders', 'a', always, { retry: { delayMs: soon } });
      await trial.dispatch('orders', 1);
      await trial.until('it is dead', () => trial.dead.length === 1);
      await trial.quiet();
      assert.equal(calls.length, 4);
    },
  },
  {
    name: 'retry: the next attempt waits as long as the policy says',
    needs: ['delays'],
    async body(trial) {
      const asked: number[] = [];
      const delayMs = (failed: number): number => {
        asked.push(failed);
        return 120 * failed;
      };
      const calls = await trial.handles('orders', 'a', always, { retry: { maxAttempts: 3, delayMs } });
      await trial.dispatch('orders', 1);
      await trial.until('it is dead', () => trial.dead.length === 1);
      const gaps = [nth(calls, 1).at - nth(calls, 0).at, nth(calls, 2).at - nth(calls, 1).at];
      assert.ok((gaps[0] ?? 0) >= 119 && (gaps[1] ?? 0) >= 239, `the gaps were ${gaps.join(' and ')} ms`);
      assert.deepEqual(asked, [1, 2]);
    },
  },
  {
    name: 'dead: an event that fails for good is found with its errors, and told once',
    async body(trial) {
      let n = 0;
      const handler = async (): Promise<never> => {
        throw new TypeError(`failure ${(n += 1)}`);
      };
      await trial.handles('orders', 'a', handler, { retry: { maxAttempts: 2, delayMs: soon } });
      const id = await trial.dispatch('orders', { order: 7n });
      await trial.until('it is told', () => trial.dead.length === 1);
      await trial.until('it is found', async () => (await trial.dispatcher.deadLetters()).length === 1);
      const [letter] = await trial.dispatcher.deadLetters({ topic: 'orders', handler: 'a', id });
      for (const each of [letter, trial.dead[0]]) {
        assert.ok(each);
        assert.deepEqual([each.id, each.topic, each.handler, each.attempts], [id, 'orders', 'a', 2]);
        assert.deepEqual(each.event, { order: 7n });
        assert.deepEqual(
          each.errors.map(({ name, message }) => [name, message]),
          [
            ['TypeError', 'failure 1'],
            ['TypeError', 'failure 2'],
          ],
        );
      }
      assert.deepEqual(await trial.dispatcher.deadLetters({ topic: 'payments' }), []);
      await trial.quiet();
      assert.equal(trial.dead.length, 1);
    },
  },
  {
    name: 'dead: retryDead gives a letter to its handler again, with all attempts anew',
    async body(trial) {
      let healthy = false;
      const handler = (): void => {
        if (!healthy) throw new Error('not yet');
      };
      const a = await trial.handles('orders', 'a');
      const options = { retry: { maxAttempts: 2, delayMs: soon } };
      const b = await trial.handles('orders', 'b', handler, options);
      const id = await trial.dispatch('orders', 1);
      await trial.until('it is dead', async () => (await trial.dispatcher.deadLetters()).length === 1);
      healthy = true;
      assert.equal(await trial.dispatcher.retryDead({ id: 'another' }), 0);
      assert.equal(await trial.dispatcher.retryDead({ id }), 1);
      await trial.until('it is handled', () => b.length === 3);
      await trial.until('it is dead no more', async () => (await trial.dispatcher.deadLetters()).length === 0);
      await trial.quiet();
      assert.equal(nth(b, 2).context.attempt, 1);
      assert.deepEqual([a.length, b.length], [1, 3]);
    },
  },
  {
    name: 'counters: what was taken, tried, handled, failed and died adds up',
    async body(trial) {
      await trial.handles('orders', 'a', failsBad, { retry: { maxAttempts: 3, delayMs: soon } });
      for (const event of ['good', 'bad', 'good', 'bad', 'good']) await trial.dispatch('orders', event);
      await trial.until('all is done', () => {
        const { handled, dead } = trial.dispatcher.counters();
        return handled === 3 && dead === 2;
      });
      const counters = trial.dispatcher.counters();
      assert.deepEqual(
        { ...counters, timedOut: undefined, postponed: undefined },
        {
          accepted: 5,
          refused: 0,
          attempts: 9,
          handled: 3,
          failed: 6,
          timedOut: undefined,
          repeated: 0,
          postponed: undefined,
          dead: 2,
          dropped: 0,
          hookFaults: 0,
          running: 0,
        },
      );
    },
  },
];
