import { afterAll, beforeAll, expect, it } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import {
  goneEventsAreTold,
  lockEventsComeTogether,
  type ServedBrokers,
} from '../../../../test/support/served-brokers.ts';
import { startNats, type NatsTestServer } from '../../../../test/support/servers/nats.ts';
import { natsBroker } from '../src/index.ts';

describeWith('nats-server', 'lock events', () => {
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

  it('row 99: those of two processes come together, and what is told while the server is away comes when it is back', async () => {
    await lockEventsComeTogether(brokers());
  }, 60_000);

  it('an event that is larger than the server takes is refused, and holds up nothing', async () => {
    const broker = natsBroker({ servers: server.url, stream: 'large', maxBodyBytes: 5_000_000 });
    const large = broker.publish('a', new Uint8Array(2_000_000));
    await expect(large).rejects.toMatchObject({ code: 'EVENT_REFUSED' });
    expect((await broker.publish('a', new Uint8Array(1))).position).toBe('1');
    await broker.close();
  });

  it('says when events are gone that came after a position', () => goneEventsAreTold(brokers(), 10));
});
