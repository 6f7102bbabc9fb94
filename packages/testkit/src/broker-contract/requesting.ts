import assert from 'node:assert/strict';

import { bytes, textOf, type BrokerScript } from './broker-trial.ts';

/** @internal */
export const requesting: readonly BrokerScript[] = [
  {
    name: 'requests: the answer reaches who asked, or the broker says that it has no requests',
    body: async (trial) => {
      const { broker } = trial;
      if (!broker.capabilities.requests) {
        assert.equal(await trial.codeOf(broker.request('a', bytes('x'))), 'BROKER_CAPABILITY');
        assert.throws(() => broker.respond('a', () => bytes('x')), { code: 'BROKER_CAPABILITY' });
        return;
      }
      const responder = broker.respond('sum.*', ({ body, headers, subject }) => ({
        body: bytes(`${textOf(body)} of ${subject}`),
        headers: { seen: headers['asked'] ?? '' },
      }));
      await trial.soon(responder.ready);
      const other = await trial.another();
      const answers = await Promise.all(
        ['1', '2', '3'].map((text) => other.request('sum.up', bytes(text), { headers: { asked: text } })),
      );
      assert.deepEqual(
        answers.map(({ body, headers }) => [textOf(body), headers?.['seen']]),
        ['1', '2', '3'].map((text) => [`${text} of sum.up`, text]),
      );
    },
  },
  {
    name: 'requests: nobody there, nobody in time and a responder that fails are three errors',
    body: async (trial) => {
      const { broker } = trial;
      if (!broker.capabilities.requests) return;
      assert.equal(await trial.codeOf(broker.request('a', bytes('x'))), 'NO_RESPONDER');
      const failing = broker.respond('fails', () => {
        throw new Error('no such\r\norder');
      });
      const hanging = broker.respond('hangs', () => new Promise(() => undefined));
      await Promise.all([failing.ready, hanging.ready]);
      await assert.rejects(trial.soon(broker.request('fails', bytes('x'))), {
        code: 'RESPONDER_FAILED',
        message: 'no such order',
      });
      assert.equal(await trial.codeOf(broker.request('hangs', bytes('x'), { timeoutMs: 50 })), 'BROKER_TIMEOUT');
      const reason = new Error('enough');
      const given = new AbortController();
      const asked = broker.request('hangs', bytes('x'), { signal: given.signal });
      given.abort(reason);
      await assert.rejects(trial.soon(asked), reason);
      await trial.soon(failing.close());
      assert.equal(await trial.codeOf(broker.request('fails', bytes('x'))), 'NO_RESPONDER');
    },
  },
];
