import assert from 'node:assert/strict';

import { bytes, type BrokerScript } from './broker-trial.ts';

/** @internal */
export const closing: readonly BrokerScript[] = [
  {
    name: 'closing: a subscription waits for the handler that runs, and all who close get the same end',
    body: async (trial) => {
      let open: (() => void) | undefined;
      let ended = false;
      const heard = await trial.hear('a', {}, async () => {
        await new Promise<void>((resolve) => (open = resolve));
        ended = true;
      });
      await trial.publish('a', '1', '2');
      await trial.until(() => heard.texts.length === 1, 'the first begins');
      const closings = [heard.subscription.close(), heard.subscription.close()];
      await trial.quiet();
      assert.equal(ended, false);
      open?.();
      const ends = await trial.soon(Promise.all(closings));
      assert.equal(ended, true);
      assert.deepEqual(ends[0], ends[1]);
      await trial.publish('a', '3');
      await trial.quiet();
      assert.deepEqual(heard.texts, ['1']);
    },
  },
  {
    name: 'closing: at its deadline it gives up what runs, tells the handler, and counts it',
    body: async (trial) => {
      let aborted = false;
      const heard = await trial.hear(
        'a',
        {},
        ({ signal }) => new Promise(() => signal.addEventListener('abort', () => (aborted = true))),
      );
      await trial.publish('a', 'stuck');
      await trial.until(() => heard.texts.length === 1, 'it begins');
      const end = await trial.soon(heard.subscription.close({ signal: AbortSignal.timeout(20) }));
      assert.deepEqual([end.undelivered, aborted], [1, true]);
    },
  },
  {
    name: 'closing: a signal that aborts closes the subscription, also one that had aborted before',
    body: async (trial) => {
      const given = new AbortController();
      const heard = await trial.hear('a', { signal: given.signal });
      given.abort();
      const texts: string[] = [];
      const never = trial.broker.subscribe('a', () => texts.push('heard'), { signal: AbortSignal.abort() });
      await trial.soon(Promise.all([never.close(), heard.subscription.close()]));
      await trial.publish('a', 'after');
      await trial.quiet();
      assert.deepEqual([heard.texts, texts], [[], []]);
    },
  },
  {
    name: 'closing: a broker closes its subscriptions, and then refuses everything',
    body: async (trial) => {
      const { broker } = trial;
      const heard = await trial.hear('a');
      await trial.publish('a', '1');
      await trial.until(() => heard.subscription.stats.handled === 1, 'it is handled');
      const ends = await trial.soon(Promise.all([broker.close(), broker.close(), heard.subscription.close()]));
      assert.deepEqual(ends[0], { undelivered: 0 });
      assert.deepEqual(ends[1], ends[0]);
      assert.equal(await trial.codeOf(broker.publish('a', bytes('2'))), 'BROKER_CLOSED');
      assert.equal(await trial.codeOf(broker.request('a', bytes('2'))), 'BROKER_CLOSED');
      assert.throws(() => broker.subscribe('a', () => undefined), { code: 'BROKER_CLOSED' });
      assert.throws(() => broker.respond('a', () => bytes('x')), { code: 'BROKER_CLOSED' });
    },
  },
];
