import { afterAll, beforeAll, it } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import {
  goesOnAfterForgetting,
  handledAgainAfterAKill,
  stillServerIsTold,
  type ServedBrokers,
} from '../../../../test/support/served-brokers.ts';
import { startNats, type NatsTestServer } from '../../../../test/support/servers/nats.ts';
import { natsBroker } from '../src/index.ts';

describeWith('nats-server', 'a broker in trouble', () => {
  let server: NatsTestServer;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server.stop());

  const brokers = (): ServedBrokers => ({
    server,
    open: (stream, options) => natsBroker({ servers: server.url, stream, ...options }),
    forgetful: (stream) => natsBroker({ servers: server.url, stream, store: 'memory' }),
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
