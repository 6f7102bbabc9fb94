import assert from 'node:assert/strict';

import type { BrokerSetup } from './options.ts';
import { numbers, bytes, type BrokerScript, type BrokerTrial } from './broker-trial.ts';

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
