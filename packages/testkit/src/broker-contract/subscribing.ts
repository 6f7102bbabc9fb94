import assert from 'node:assert/strict';

import { bytes, numbers, type BrokerScript } from './broker-trial.ts';

/** @internal */
export const subscribing: readonly BrokerScript[] = [
  {
    name: 'subscribing: a thousand events come in the order in which they were published',
    body: async (trial) => {
      const heard = await trial.hear('a');
      const group = await trial.hear('a', { group: 'one' });
      const texts = numbers(1000);
      await Promise.all(texts.map((text) => trial.soon(trial.broker.publish('a', bytes(text)))));
      await trial.until(() => heard.texts.length >= 1000 && group.texts.length >= 1000, 'all arrive');
      assert.deepEqual(heard.texts, texts);
      assert.deepEqual(group.texts, texts);
    },
  },
  {
    name: 'subscribing: a pattern gets the subjects that fit it, and no others',
    body: async (trial) => {
      const one = await trial.hear('a.*');
      const rest = await trial.hear('a.>');
      const middle = await trial.hear('*.b');
      const group = await trial.hear('a.*', { group: 'one' });
      for (const subject of ['a', 'a.b', 'a.b.c', 'b.b', 'ab.c', 'a.c']) await trial.publish(subject, subject);
      await trial.until(() => rest.texts.length >= 3 && group.texts.length >= 2, 'those that fit arrive');
      await trial.quiet();
      assert.deepEqual(one.texts, ['a.b', 'a.c']);
      assert.deepEqual(rest.texts, ['a.b', 'a.b.c', 'a.c']);
      assert.deepEqual(middle.texts, ['a.b', 'b.b']);
      assert.deepEqual(group.texts, ['a.b', 'a.c']);
    },
  },
  {
    name: 'subscribing: two who subscribe each get every event, from now on',
    body: async (trial) => {
      await trial.publish('a', 'before');
      const first = await trial.hear('a');
      const second = await trial.hear('a', {}, undefined, await trial.another());
      await trial.publish('a', 'after');
      await trial.until(() => first.texts.length > 0 && second.texts.length > 0, 'both hear');
      assert.deepEqual([first.texts, second.texts], [['after'], ['after']]);
    },
  },
  {
    name: 'subscribing: from the start it gets what there is, and after a position what came behind it',
    body: async (trial) => {
      await trial.publish('a', '1', '2', '3');
      await trial.publish('b', 'another');
      const all = await trial.hear('a', { from: 'start' });
      await trial.until(() => all.texts.length === 3, 'the old ones arrive');
      const after = all.deliveries[1]?.position ?? '';
      const some = await trial.hear('a', { from: { after } });
      await trial.publish('a', '4');
      await trial.until(() => some.texts.length >= 2 && all.texts.length >= 4, 'the new one arrives');
      assert.deepEqual(all.texts, ['1', '2', '3', '4']);
      assert.deepEqual(some.texts, ['3', '4']);
      const later = await trial.hear('a', { from: { after: all.deliveries[3]?.position ?? '' } });
      await trial.publish('a', '5');
      await trial.until(() => later.texts.length > 0, 'it goes on after the last');
      assert.deepEqual(later.texts, ['5']);
    },
  },
  {
    name: 'subscribing: so many are handled at a time as was said, and no more',
    body: async (trial) => {
      let running = 0;
      let most = 0;
      const gates: (() => void)[] = [];
      const handler = async (): Promise<void> => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => gates.push(resolve));
        running -= 1;
      };
      const heard = await trial.hear('a', { concurrency: 3 }, handler);
      await trial.publish('a', ...numbers(9));
      for (let handled = 0; handled < 9; handled += 3) {
        await trial.until(() => gates.length === 3, 'three run');
        for (const open of gates.splice(0)) open();
      }
      await trial.until(() => heard.subscription.stats.handled === 9, 'all are handled');
      assert.equal(most, 3);
    },
  },
  {
    name: 'subscribing: options that cannot work are refused, all at once',
    body: async ({ broker }) => {
      assert.throws(
        () => broker.subscribe('a..b', () => undefined, { group: 'a b', concurrency: 0, retryDelayMs: -1 }),
        (error: { code?: unknown; problems?: readonly string[] }) =>
          error.code === 'INVALID_OPTIONS' && error.problems?.length === 4,
      );
      assert.throws(() => broker.subscribe('a', undefined as never), { code: 'INVALID_OPTIONS' });
      assert.throws(() => broker.subscribe('a', () => undefined, { from: { after: 'nowhere!' } }), {
        code: 'INVALID_OPTIONS',
      });
    },
  },
];
