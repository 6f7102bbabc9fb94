import { brokerDispatcher } from '@lockscope/delivery';
import { dispatcherContract } from '@lockscope/testkit';
import { afterAll, beforeAll, test } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import { startNats, type NatsTestServer } from '../../../../test/support/servers/nats.ts';
import { natsBroker } from '../src/index.ts';

describeWith('nats-server', 'the dispatcher contract, over NATS', () => {
  let server: NatsTestServer;
  let streams = 0;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server.stop());
  const contract = dispatcherContract({
    delays: false,
    ids: false,
    limits: false,
    keeps: true,
    create: (demands) => {
      const broker = natsBroker({ servers: server.url, stream: `dispatch-${(streams += 1)}` });
      return { dispatcher: brokerDispatcher(broker, demands), dispose: () => broker.close() };
    },
  });
  for (const { name, run } of contract) test(`row 87: ${name}`, run);
});
