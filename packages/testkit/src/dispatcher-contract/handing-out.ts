import assert from 'node:assert/strict';

import { nth, type DispatcherScript } from './trial.ts';

const nothing = (): void => undefined;

export const handingOut: readonly DispatcherScript[] = [
  {
    name: 'dispatch: the handler gets the event, its id and its topic',
    async body(trial) {
      const calls = await trial.handles('orders', 'a');
      const id = await trial.dispatch('orders', { order: 1 });
      await trial.until('the event is handled', () => calls.length === 1);
      const { event, context } = nth(calls, 0);
      assert.deepEqual(event, { order: 1 });
      assert.equal(context.id, id);
      assert.equal(context.topic, 'orders');
      assert.equal(context.attempt, 1);
      assert.equal(context.signal.aborted, false);
    },
  },
  {
    name: 'dispatch: every handler of the topic gets it, those of another do not',
    async body(trial) {
      const a = await trial.handles('orders', 'a');
      const b = await trial.handles('orders', 'b');
      const other = await trial.handles('payments', 'a');
      await trial.dispatch('orders', 1);
      await trial.until('both have it', () => a.length === 1 && b.length === 1);
      await trial.quiet();
      assert.deepEqual([a.length, b.length, other.length], [1, 1, 0]);
    },
  },
  {
    name: 'dispatch: many at once are handled, each of them once',
    async body(trial) {
      const calls = await trial.handles('orders', 'a');
      const sent = Array.from({ length: 300 }, (_, n) => n);
      const ids = await Promise.all(sent.map((n) => trial.dispatch('orders', n)));
      await trial.until('all are handled', () => calls.length >= 300);
      await trial.quiet();
      assert.equal(new Set(ids).size, 300, 'every event has an id of its own');
      assert.deepEqual(
        calls.map(({ event }) => Number(event)).toSorted((a, b) => a - b),
        sent,
      );
    },
  },
  {
    name: 'dispatch: dates, big integers and keys such as __proto__ arrive as they are',
    async body(trial) {
      const calls = await trial.handles('orders', 'a');
      const hostile = JSON.parse('{"__proto__":{"polluted":true},"constructor":"c"}') as unknown;
      const event = { at: new Date(0), big: 2n ** 63n + 1n, deep: [{ $date: 'none' }, hostile] };
      await trial.dispatch('orders', event);
      await trial.until('the event is handled', () => calls.length === 1);
      assert.deepStrictEqual(nth(calls, 0).event, event);
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    },
  },
  {
    name: 'dispatch: the same event with the same id is taken once while it waits, another one is refused',
    needs: ['ids'],
    async body(trial) {
      const calls = await trial.handles('orders', 'a', (_, { signal }) => trial.shut(signal));
      const first = await trial.dispatch('orders', { a: 1, b: 2 }, { id: 'order:42' });
      assert.equal(first, 'order:42');
      assert.equal(await trial.dispatch('orders', { b: 2, a: 1 }, { id: 'order:42' }), 'order:42');
      const other = trial.dispatch('orders', { a: 3 }, { id: 'order:42' });
      await trial.refuses('CONCURRENT_MODIFICATION', 'another event with the id', other);
      await trial.until('the event is handled', () => calls.length === 1);
      trial.open();
      await trial.quiet();
      assert.deepEqual(
        calls.map(({ event }) => event),
        [{ a: 1, b: 2 }],
      );
    },
  },
  {
    name: 'dispatch: what cannot be taken is refused with its reason',
    async body(trial) {
      await trial.handles('orders', 'a');
      await trial.refuses('NO_TOPIC', 'no topic', trial.dispatch('', 1));
      await trial.refuses('NO_EVENT', 'no event', trial.dispatch('orders', undefined));
      await trial.refuses('NO_EVENT', 'null', trial.dispatch('orders', null));
      await trial.refuses('NO_HANDLER_FOUND', 'a topic without handlers', trial.dispatch('nobody', 1));
      await trial.refuses('INVALID_OPTIONS', 'a delay below 0', trial.dispatch('orders', 1, { delayMs: -1 }));
      const both = trial.dispatch('orders', 1, { delayMs: 1, at: 0 });
      await trial.refuses('INVALID_OPTIONS', 'two times', both);
      await assert.rejects(trial.dispatch('orders', 1, { signal: AbortSignal.abort(new Error('given up')) }), {
        message: 'given up',
      });
    },
  },
  {
    name: 'register: a removal takes out exactly its handler, once',
    async body(trial) {
      const got: string[] = [];
      const same = (_: unknown, { id }: { readonly id: string }): void => void got.push(id);
      const removeFirst = trial.dispatcher.register('orders', same, { name: 'first' });
      const second = await trial.handles('orders', 'second');
      trial.dispatcher.register('orders', same, { name: 'third' });
      await trial.dispatcher.ready();
      removeFirst();
      removeFirst();
      const id = await trial.dispatch('orders', 1);
      await trial.until('two have it', () => got.length >= 1 && second.length === 1);
      await trial.quiet();
      assert.deepEqual(got, [id]);
      assert.equal(second.length, 1);
    },
  },
  {
    name: 'register: a second handler of a name is refused, as is what cannot be run',
    async body(trial) {
      await trial.handles('orders', 'a');
      const register = (topic: string, handler: unknown, options: object) => (): unknown =>
        trial.dispatcher.register(topic, handler as () => void, options);
      assert.throws(register('orders', nothing, { name: 'a' }), { code: 'DUPLICATE_HANDLER_NAME' });
      assert.throws(register('', nothing, { name: 'b' }), { code: 'NO_TOPIC' });
      assert.throws(register('orders', undefined, { name: 'b' }), { code: 'INVALID_OPTIONS' });
      const wrong = { name: 'b', timeLimitMs: 0, parallel: 0, retry: { maxAttempts: 0 } };
      assert.throws(register('orders', nothing, wrong), /retry\.maxAttempts.*timeLimitMs.*parallel/s);
    },
  },
];
