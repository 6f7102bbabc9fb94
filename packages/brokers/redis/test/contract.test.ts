import { randomUUID } from 'node:crypto';

import { brokerContract } from '@lockscope/testkit';
import { afterAll, beforeAll, describe, test } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { redisBroker } from '../src/index.ts';

describeWith('redis-server', 'row 99: the broker contract, on Redis Streams', () => {
  let server: RedisTestServer;
  beforeAll(async () => {
    server = await startRedis({ persistent: true });
  });
  afterAll(() => server.stop());

  describe.each(['ioredis', 'redis'] as const)('over %s', (driver) => {
    const create = () => {
      const options = { url: server.url, driver, prefix: `p${randomUUID()}`, timeoutMs: 2000 };
      return {
        broker: redisBroker(options),
        connect: () => redisBroker(options),
        outage: { down: () => server.kill(), up: () => server.start() },
        close: () => server.start(),
      };
    };
    for (const { name, run } of brokerContract({ create, outages: true, settleMs: 20_000 })) test(name, run, 60_000);
  });
});
