import assert from 'node:assert/strict';

import { bytes, type BrokerScript } from './broker-trial.ts';

/** @internal */
export const publishing: readonly BrokerScript[] = [
  {
    name: 'publishing: a subscriber gets the subject, the body, the headers and the id, as they were',
    body: async (trial) => {
      const heard = await trial.hear('orders.created');
      const body = Uint8Array.from({ length: 256 }, (_, at) => at);
      const headers = { traceparent: '00-aa-bb-01', 'X-Name': 'Grüße, 世界', constructor: 'a text' };
      await trial.broker.publish('orders.created', body, { headers, id: 'first 1' });
      await trial.publish('orders.created', '');
      await trial.until(() => heard.deliveries.length === 2, 'both arrive');
      const [first, second] = heard.deliveries;
      assert.equal(first?.subject, 'orders.created');
      assert.deepEqual([...(first?.body ?? [])], [...body]);
      assert.deepEqual({ ...first?.headers }, headers);
      assert.equal(first?.id, 'first 1');
      assert.equal(first?.attempt, 1);
      assert.equal(second?.body.byteLength, 0);
      assert.deepEqual({ ...second?.headers }, {});
      assert.equal(second?.id, undefined);
      assert.notEqual(first?.position, second?.position);
    },
  },
  {
    name: 'publishing: a body can be changed afterwards, and nobody notices',
    body: async (trial) => {
      const heard = await trial.hear('a');
      const body = bytes('before');
      const published = trial.broker.publish('a', body);
      body.set(bytes('after!'));
      await trial.soon(published);
      await trial.until(() => heard.texts.length === 1, 'it arrives');
      assert.deepEqual(heard.texts, ['before']);
    },
  },
  {
    name: 'publishing: what no broker takes is refused, with all that is wrong, and nobody hears of it',
    body: async (trial) => {
      const { broker } = trial;
      const heard = await trial.hear('>');
      const body = bytes('x');
      const long = new Uint8Array(broker.capabilities.maxBodyBytes + 1);
      for (const subject of ['', 'a b', 'a..b', '.a', 'a.', 'a.*', '>', 'ä', 'a'.repeat(300)])
        assert.equal(await trial.codeOf(broker.publish(subject, body)), 'EVENT_REFUSED', subject);
      assert.equal(await trial.codeOf(broker.publish('a', long)), 'EVENT_REFUSED');
      for (const headers of [{ 'a b': 'x' }, { a: 'x\ny' }, { 'Nats-Msg-Id': 'x' }, JSON.parse('{"__proto__":"x"}')])
        assert.equal(await trial.codeOf(broker.publish('a', body, { headers: headers as {} })), 'EVENT_REFUSED');
      assert.equal(await trial.codeOf(broker.publish('a', body, { id: 'x\r\n' })), 'EVENT_REFUSED');
      await trial.publish('a', 'good');
      await trial.until(() => heard.texts.length > 0, 'the good one arrives');
      assert.deepEqual(heard.texts, ['good']);
    },
  },
  {
    name: 'publishing: the longest body that the broker states arrives whole',
    body: async (trial) => {
      const { broker } = trial;
      const heard = await trial.hear('a');
      const body = new Uint8Array(broker.capabilities.maxBodyBytes).fill(7);
      await trial.soon(broker.publish('a', body));
      await trial.until(() => heard.deliveries.length === 1, 'it arrives');
      assert.equal(heard.deliveries[0]?.body.byteLength, body.byteLength);
    },
  },
  {
    name: 'publishing: a second event with the id of the first is taken or not, as the broker states',
    body: async (trial) => {
      const { broker } = trial;
      const heard = await trial.hear('a');
      const first = await broker.publish('a', bytes('1'), { id: 'one' });
      const second = await broker.publish('a', bytes('2'), { id: 'one' });
      await trial.publish('a', 'end');
      await trial.until(() => heard.texts.includes('end'), 'the last arrives');
      const once = broker.capabilities.deduplicatesMs > 0;
      assert.deepEqual([first.duplicate, second.duplicate], [false, once]);
      assert.deepEqual(heard.texts, once ? ['1', 'end'] : ['1', '2', 'end']);
    },
  },
  {
    name: 'publishing: a signal that has aborted publishes nothing',
    body: async (trial) => {
      const heard = await trial.hear('a');
      const reason = new Error('changed my mind');
      await assert.rejects(trial.broker.publish('a', bytes('no'), { signal: AbortSignal.abort(reason) }), reason);
      await trial.publish('a', 'yes');
      await trial.until(() => heard.texts.length > 0, 'the other arrives');
      assert.deepEqual(heard.texts, ['yes']);
    },
  },
  {
    name: 'publishing: after a flush, whatever was published before is settled',
    body: async (trial) => {
      let settled = 0;
      for (let count = 0; count < 100; count += 1)
        void trial.broker.publish('a', bytes('x')).finally(() => (settled += 1));
      await trial.soon(trial.broker.flush());
      // Promises of the flush and of what was published settle in the same turn, in any order.
      await trial.until(() => settled === 100, 'all are settled');
    },
  },
];
