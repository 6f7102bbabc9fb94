import { randomUUID } from 'node:crypto';

import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import { startNats, type NatsTestServer } from '../../../../test/support/servers/nats.ts';
import { natsBroker } from '../src/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describeWith('nats-server', 'a connection that was given', () => {
  let server: NatsTestServer;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server.stop());

  it('is used, and stays open; other programs can publish and read along', async () => {
    const connection = await connect({ servers: server.url });
    const stream = `s${randomUUID()}`;
    const broker = natsBroker({ connection, stream, prefix: 'shop' });
    const heard: string[] = [];
    await broker.subscribe('orders.*', ({ subject, body }) =>
      heard.push(`${subject} ${new TextDecoder().decode(body)}`),
    ).ready;
    const seen: string[] = [];
    connection.subscribe('shop.>', { callback: (_, message) => void seen.push(message.subject) });
    connection.publish('shop.orders.foreign', bytes('from outside'));
    await broker.publish('orders.own', bytes('from inside'));
    await expect
      .poll(() => heard, { timeout: 10_000 })
      .toEqual(['orders.foreign from outside', 'orders.own from inside']);
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['shop.orders.foreign', 'shop.orders.own']);
    const { config } = await (await jetstreamManager(connection)).streams.info(stream);
    expect(config).toMatchObject({ max_msgs: 1_000_000, storage: 'file', subjects: ['shop.>'] });
    await broker.close();
    expect(connection.isClosed()).toBe(false);
    await connection.close();
  });

  it('a stream that takes other subjects is refused by name', async () => {
    const stream = `s${randomUUID()}`;
    const first = natsBroker({ servers: server.url, stream, prefix: `a${stream}` });
    await first.publish('a', bytes('1'));
    const second = natsBroker({ servers: server.url, stream, prefix: 'another' });
    await expect(second.publish('a', bytes('1'))).rejects.toMatchObject({
      code: 'BROKER_REFUSED',
      message: expect.stringContaining(`the stream ${stream} does not take another.>`) as string,
    });
    await Promise.all([first.close(), second.close()]);
  });

  it('without JetStream it says so', async () => {
    const plain = await startNats({ jetstream: false });
    const broker = natsBroker({ servers: plain.url, timeoutMs: 500 });
    await expect(broker.publish('a', bytes('1'))).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
      message: expect.stringContaining('start the server with -js') as string,
    });
    await broker.close();
    await plain.stop();
  });
});

describe('natsBroker', () => {
  it('refuses options that cannot work, all at once', () => {
    const options = { stream: 'a b', replicas: 9, store: 'tape' as never, maxEvents: 0, timeoutMs: 0 };
    expect(() => natsBroker(options)).toThrow(
      /stream must .*; prefix must .*; store must .*; replicas must .*; maxEvents must .*; timeoutMs must /,
    );
    expect(() => natsBroker({ connection: {} as never, servers: 'nats://x' })).toThrow(
      /connection and servers .*; connection must be/,
    );
  });
});
