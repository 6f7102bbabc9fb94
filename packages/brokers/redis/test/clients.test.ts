import { randomUUID } from 'node:crypto';

import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { redisBroker, type RedisClient } from '../src/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describeWith('redis-server', 'a client that was given', () => {
  let server: RedisTestServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  interface Given {
    readonly client: RedisClient;
    readonly ping: () => Promise<unknown>;
    readonly end: () => unknown;
  }
  const clients: Record<string, () => Promise<Given>> = {
    ioredis: async () => {
      const client = new Redis(server.url);
      return { client, ping: () => client.ping(), end: () => client.disconnect() };
    },
    redis: async () => {
      const client = createClient({ url: server.url });
      await client.connect();
      return { client, ping: () => client.ping(), end: () => client.destroy() };
    },
    'redis, with RESP 2': async () => {
      const client = createClient({ url: server.url, RESP: 2 });
      await client.connect();
      return { client, ping: () => client.ping(), end: () => client.destroy() };
    },
    'redis, with RESP 3': async () => {
      const client = createClient({ url: server.url, RESP: 3 });
      await client.connect();
      return { client, ping: () => client.ping(), end: () => client.destroy() };
    },
  };

  for (const [name, make] of Object.entries(clients)) {
    it(`${name}: carries events, shares them in groups, and stays open`, async () => {
      const { client, ping, end } = await make();
      const broker = redisBroker({ client, prefix: `p${randomUUID()}` });
      const heard: string[][] = [[], []];
      const body = Uint8Array.from([0, 255, 128, 13, 10]);
      for (const [at, group] of [undefined, 'group'].entries()) {
        const hear = (given: { body: Uint8Array; id?: string }): unknown =>
          heard[at]?.push(`${given.id} ${[...given.body].join()}`);
        await broker.subscribe('a', hear, { group }).ready;
      }
      expect(await broker.publish('a', body, { id: 'one' })).toMatchObject({ duplicate: false });
      expect(await broker.publish('a', body, { id: 'one' })).toMatchObject({ duplicate: true });
      await expect.poll(() => heard, { timeout: 10_000 }).toEqual([['one 0,255,128,13,10'], ['one 0,255,128,13,10']]);
      await broker.close();
      expect(String(await ping())).toBe('PONG');
      end();
    });
  }

  it('a member that is closed leaves nothing behind, and one that still has work is not removed', async () => {
    const client = new Redis(server.url);
    const prefix = `p${randomUUID()}`;
    const broker = redisBroker({ client, prefix });
    const members = async (): Promise<number[]> => {
      const found = (await client.xinfo('CONSUMERS', `${prefix}:events`, 'one|a')) as unknown[][];
      return found.map((fields) => Number(fields[fields.indexOf('pending') + 1]));
    };
    const idle = broker.subscribe('a', () => undefined, { group: 'one' });
    await idle.ready;
    await broker.publish('a', bytes('1'));
    await expect.poll(() => idle.stats.handled, { timeout: 10_000 }).toBe(1);
    await idle.close();
    expect(await members()).toEqual([]);
    const busy = broker.subscribe('a', () => new Promise(() => undefined), { group: 'one' });
    await busy.ready;
    await broker.publish('a', bytes('2'));
    await expect.poll(() => busy.stats.delivered, { timeout: 10_000 }).toBe(1);
    await busy.close({ signal: AbortSignal.abort() });
    expect(await members()).toEqual([1]);
    await broker.close();
    client.disconnect();
  });
});

describe('redisBroker', () => {
  it('refuses options that cannot work, all at once', () => {
    expect(() => redisBroker({})).toThrow('give either a client or a url');
    expect(() => redisBroker({ url: 'http://x', prefix: '{a}', maxEvents: 0, driver: 'x' as never })).toThrow(
      /url must .*; driver must .*; prefix must .*; maxEvents must /,
    );
    const clusters: unknown[] = [
      new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true }),
      createCluster({ rootNodes: [] }),
    ];
    for (const client of clusters)
      expect(() => redisBroker({ client: client as RedisClient })).toThrow('not a cluster');
  });

  it('says that nobody is there', async () => {
    const broker = redisBroker({ url: 'redis://127.0.0.1:1', timeoutMs: 100 });
    await expect(broker.publish('a', bytes('x'))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await broker.close();
  });
});
