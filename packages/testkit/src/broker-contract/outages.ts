import assert from 'node:assert/strict';

import { brokerOutput } from '@lockscope/delivery';

import type { BrokerSetup } from './options.ts';
import { bytes, numbers, textOf, type BrokerScript, type BrokerTrial } from './broker-trial.ts';

/** @internal */
export const outages: readonly BrokerScript[] = [
  {
    name: 'outages: while the broker is away a publish rejects in time, and works again when it is back',
    body: async (trial) => {
      await trial.publish('a', '1');
      const outage = outageOf(trial);
      await outage.down();
      assert.equal(await trial.codeOf(trial.broker.publish('a', bytes('2'))), 'BROKER_UNAVAILABLE');
      await outage.up();
      await published(trial, '3');
    },
  },
  {
    name: 'outages: subscriptions go on where they were when the broker is back, without a gap',
    body: async (trial) => {
      const plain = await trial.hear('a');
      const group = await trial.hear('a', { group: 'one', ackWaitMs: 1000 });
      const texts = numbers(200);
      await trial.publish('a', ...texts.slice(0, 100));
      await trial.until(() => plain.subscription.stats.handled === 100, 'the first half arrives');
      const outage = outageOf(trial);
      await outage.down();
      await outage.up();
      for (const text of texts.slice(100)) await published(trial, text);
      await trial.until(() => texts.every((text) => group.texts.includes(text)), 'the group gets all');
      await trial.until(() => texts.every((text) => plain.texts.includes(text)), 'the subscription gets all');
      assert.deepEqual(plain.texts, texts);
    },
  },
  {
    name: 'outages: a broker that is killed twice under ten thousand events loses none, and duplicates are counted',
    body: async (trial) => {
      const total = 10_000;
      const counts = new Map<string, number>();
      const heard = await trial.hear('a', { group: 'one', ackWaitMs: 1000, prefetch: 500 }, ({ body }) => {
        const text = textOf(body);
        counts.set(text, (counts.get(text) ?? 0) + 1);
      });
      const output = brokerOutput(trial.broker, { capacity: total, maxPauseMs: 200 });
      const outage = outageOf(trial);
      for (let number = 0; number < total; number += 1) output.push({ subject: 'a', body: bytes(String(number)) });
      for (const part of [0.2, 0.6]) {
        await trial.until(() => counts.size >= total * part, 'some of them are handled');
        await outage.down();
        await outage.up();
      }
      await trial.soon(output.flush());
      await trial.until(() => counts.size === total, 'all of them are handled');
      const { stats } = heard.subscription;
      await trial.until(() => heard.subscription.stats.pending === 0, 'all is said');
      let handed = 0;
      for (const count of counts.values()) handed += count;
      assert.equal(output.stats.published, total);
      assert.equal(output.stats.dropped, 0);
      // Where an id is known no longer than until the server died, an event can be in the log twice.
      assert.ok(handed - total <= stats.redelivered + output.stats.failed, 'each duplicate is counted');
      assert.equal(stats.delivered, handed);
      await output.close();
    },
  },
  {
    name: 'outages: a subscription that is made while the broker is away begins when it is back',
    body: async (trial) => {
      await trial.publish('a', '1');
      const outage = outageOf(trial);
      await outage.down();
      const heard: string[] = [];
      const subscription = trial.broker.subscribe('a', ({ body }) => heard.push(new TextDecoder().decode(body)), {
        from: 'start',
      });
      await outage.up();
      await trial.soon(subscription.ready);
      await trial.until(() => heard.length > 0, 'it hears');
      assert.deepEqual(heard, ['1']);
    },
  },
  {
    name: 'outages: everything can be closed while the broker is away',
    body: async (trial) => {
      const heard = await trial.hear('a', { group: 'one' });
      const outage = outageOf(trial);
      await outage.down();
      await trial.soon(heard.subscription.close());
      await trial.soon(trial.broker.close());
      await outage.up();
    },
  },
];

function outageOf({ setup }: BrokerTrial): NonNullable<BrokerSetup['outage']> {
  return setup.outage ?? assert.fail('create must supply an outage');
}

/** Tries until the broker has it; each text is its own id, so that a second try makes no second event. */
async function published(trial: BrokerTrial, text: string): Promise<void> {
  const end = performance.now() + trial.options.settleMs;
  for (;;) {
    try {
      await trial.broker.publish('a', bytes(text), { id: `id ${text}` });
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await trial.quiet();
    }
  }
}
