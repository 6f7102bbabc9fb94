import { afterAll, beforeAll, it } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import {
  goneEventsAreTold,
  lockEventsComeTogether,
  type ServedBrokers,
} from '../../../../test/support/served-brokers.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { redisBroker } from '../src/index.ts';

describeWith('redis-server', 'lock events', () => {
  let server: RedisTestServer;
  beforeAll(async () => {
    server = await startRedis({ persistent: true });
  });
  afterAll(() => server.stop());

  const brokers = (): ServedBrokers => ({
    server,
    open: (prefix, options) => redisBroker({ url: server.url, prefix, ...options }),
    forgetful: (prefix) => redisBroker({ url: server.url, prefix }),
    member: new URL('programs/member.ts', import.meta.url),
  });

  it('row 99: those of two processes come together, and what is told while the server is away comes when it is back', async () => {
    await lockEventsComeTogether(brokers());
  }, 60_000);

  it('says when events are gone that came after a position', () => goneEventsAreTold(brokers(), 1));
});
