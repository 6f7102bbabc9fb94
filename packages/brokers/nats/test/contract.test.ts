import { randomUUID } from 'node:crypto';

import { brokerContract } from '@lockscope/testkit';
import { afterAll, beforeAll, describe, test } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import { startNats, type NatsTestServer } from '../../../../test/support/servers/nats.ts';
import { natsBroker } from '../src/index.ts';

describeWith('nats-server', 'row 99: the broker contract, on NATS', () => {
  let server: NatsTestServer;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server.stop());

  const create = () => {
    const options = { servers: server.url, stream: `s${randomUUID()}`, timeoutMs: 2000 };
    return {
      broker: natsBroker(options),
      connect: () => natsBroker(options),
      outage: { down: () => server.kill(), up: () => server.start() },
      close: () => server.start(),
    };
  };
  describe('', () => {
    for (const { name, run } of brokerContract({ create, outages: true, settleMs: 20_000 })) test(name, run, 60_000);
  });
});
