import { afterAll, beforeAll, it } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import {
  goesOnAfterForgetting,
  handledAgainAfterAKill,
  stillServerIsTold,
  type ServedBrokers,
} from '../../../../test/support/served-brokers.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { redisBroker } from '../src/index.ts';

describeWith('redis-server', 'a broker in trouble', () => {
  let server: RedisTestServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  const brokers = (): ServedBrokers => ({
    server,
    open: (prefix, options) => redisBroker({ url: server.url, prefix, ...options }),
    forgetful: (prefix) => redisBroker({ url: server.url, prefix }),
    member: new URL('programs/member.ts', import.meta.url),
  });

  it('row 99: an event whose process is killed in mid-work is handled again, by another', async () => {
    await handledAgainAfterAKill(brokers());
  }, 60_000);

  it('a server that stands still is not taken for one that answers', async () => {
    await stillServerIsTold(brokers());
  }, 60_000);

  it('a server that was killed and forgot everything: what is published from then on is not missed', async () => {
    await goesOnAfterForgetting(brokers());
  }, 60_000);
});
