import assert from 'node:assert/strict';

import { bytes, numbers, type BrokerScript } from './broker-trial.ts';

/** @internal */
export const sharing: readonly BrokerScript[] = [
  {
    name: 'groups: each event goes to one member, and every member gets some',
    body: async (trial) => {
      const first = await trial.hear('a', { group: 'one', prefetch: 1 });
      const second = await trial.hear('a', { group: 'one', prefetch: 1 }, undefined, await trial.another());
      // Until both have had some, more come: a broker may be slow to begin with one of them.
      let sent = 0;
      await trial.until(() => {
        if (first.texts.length > 0 && second.texts.length > 0) return true;
        if (sent < 1000) void trial.broker.publish('a', bytes(String(sent++)));
        return false;
      }, 'both get some');
      await trial.until(() => first.texts.length + second.texts.length >= sent, 'all arrive');
      await trial.quiet();
      assert.deepEqual(
        [...first.texts, ...second.texts].toSorted((a, b) => Number(a) - Number(b)),
        numbers(sent),
      );
    },
  },
  {
    name: 'groups: what was handled and what was not is remembered while no member is there',
    body: async (trial) => {
      const first = await trial.hear('a', { group: 'one' });
      await trial.publish('a', '1', '2');
      await trial.until(() => first.subscription.stats.handled === 2, 'both are handled');
      await trial.soon(first.subscription.close());
      await trial.publish('a', '3');
      const second = await trial.hear('a', { group: 'one', from: 'start' }, undefined, await trial.another());
      await trial.publish('a', '4');
      await trial.until(() => second.texts.length >= 2, 'the others arrive');
      assert.deepEqual(
        [first.texts, second.texts],
        [
          ['1', '2'],
          ['3', '4'],
        ],
      );
    },
  },
  {
    name: 'groups: one that begins at the start gets what was published before there was one',
    body: async (trial) => {
      await trial.publish('a', '1', '2');
      const group = await trial.hear('a', { group: 'late', from: 'start' });
      const fresh = await trial.hear('a', { group: 'new' });
      await trial.publish('a', '3');
      await trial.until(() => group.texts.length >= 3 && fresh.texts.length > 0, 'all arrive');
      assert.deepEqual([group.texts, fresh.texts], [['1', '2', '3'], ['3']]);
    },
  },
  {
    name: 'groups: what a member had not handled when it was closed, another gets',
    body: async (trial) => {
      const first = await trial.hear('a', { group: 'one', ackWaitMs: 500 }, () => new Promise(() => undefined));
      await trial.publish('a', ...numbers(5));
      await trial.until(() => first.texts.length > 0, 'the first begins');
      await trial.soon(first.subscription.close({ signal: AbortSignal.abort() }));
      const second = await trial.hear('a', { group: 'one', ackWaitMs: 500 }, undefined, await trial.another());
      await trial.until(() => numbers(5).every((text) => second.texts.includes(text)), 'the second gets all');
    },
  },
  {
    name: 'groups: an event whose handler takes longer than ackWaitMs is not given to another while its process lives',
    body: async (trial) => {
      let open: (() => void) | undefined;
      const slow = (): Promise<void> => new Promise((resolve) => (open = resolve));
      const first = await trial.hear('a', { group: 'one', ackWaitMs: 400 }, slow);
      await trial.publish('a', 'long work');
      await trial.until(() => first.texts.length === 1, 'it begins');
      const second = await trial.hear('a', { group: 'one', ackWaitMs: 400 }, undefined, await trial.another());
      for (let waits = 0; waits < 5; waits += 1) await trial.quiet();
      open?.();
      await trial.until(() => first.subscription.stats.handled === 1, 'it ends');
      await trial.quiet();
      assert.deepEqual([first.texts, second.texts], [['long work'], []]);
    },
  },
];
