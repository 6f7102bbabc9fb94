import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storageContract } from '@lockscope/testkit';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { freePort } from '../../../../test/support/servers/ports.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { RedisStorage } from '../src/index.ts';
import { admin, closesAfterEach, granted, handed, later, request, until, wait, type TestClient } from './clients.ts';

let nodes: RedisTestServer[] = [];
closesAfterEach();

/** Three masters that share the slots. */
async function startCluster(): Promise<RedisTestServer[]> {
  const buses = await Promise.all([freePort(), freePort(), freePort()]);
  const started = await Promise.all(
    buses.map((bus) => startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-port', String(bus)] })),
  );
  const slots = [0, 5461, 10_923, 16_384];
  for (const [index, node] of started.entries()) {
    await admin(node, 'CLUSTER', 'ADDSLOTSRANGE', String(slots[index]), String((slots[index + 1] ?? 0) - 1));
    await admin(node, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    if (index > 0) {
      const [first] = started as [RedisTestServer];
      await admin(node, 'CLUSTER', 'MEET', '127.0.0.1', String(first.port), String(buses[0]));
    }
  }
  for (const node of started) {
    const info = async (): Promise<string> => String(await admin(node, 'CLUSTER', 'INFO'));
    await until(async () => /cluster_state:ok[\s\S]*known_nodes:3/.test(await info()), 20_000);
  }
  return started;
}

function ioredisCluster(): TestClient {
  const client = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
  client.on('error', () => undefined);
  return { client, end: () => client.disconnect() };
}

async function nodeRedisCluster(): Promise<TestClient> {
  const client = createCluster({ rootNodes: nodes.map(({ url }) => ({ url })) });
  client.on('error', () => undefined);
  await client.connect();
  return { client, end: () => client.destroy() };
}

const capabilities = {
  reach: 'network',
  durable: true,
  notifies: true,
  queues: true,
  shares: true,
  turns: true,
} as const;

describeWith('redis-server', 'a cluster of three', () => {
  beforeAll(async () => {
    nodes = await startCluster();
  });
  afterAll(() => Promise.all(nodes.map((node) => node.stop())));

  describe.each([
    ['ioredis', ioredisCluster],
    ['node-redis', nodeRedisCluster],
  ])('with %s', (_, connect) => {
    const open = async (setup: { readonly clients: TestClient[] }): Promise<RedisStorage> => {
      const made = await connect();
      setup.clients.push(made);
      return new RedisStorage({ client: made.client });
    };
    const contract = storageContract<{ storage: RedisStorage; clients: TestClient[] }>({
      capabilities,
      forgetsReleased: true,
      renewsMany: true,
      rounds: 200,
      patienceMs: 15_000,
      create: async () => {
        await Promise.all(nodes.map((node) => admin(node, 'FLUSHALL')));
        const clients: TestClient[] = [];
        return { clients, storage: await open({ clients }) };
      },
      second: open,
      reopen: open,
      dispose: ({ clients }) => {
        for (const { end } of clients) end();
      },
    });
    for (const { name, run } of contract) test(name, run, 60_000);

    test('locks are spread over all servers, and listed from all', async () => {
      const { client, end } = await connect();
      const storage = new RedisStorage({ client, prefix: 'spread' });
      later(end);
      const keys = Array.from({ length: 60 }, (__, index) => `key/${index}`).toSorted();
      for (const key of keys) await granted(storage.acquire(request(key)));
      for (const node of nodes) expect(Number(await admin(node, 'DBSIZE'))).toBeGreaterThan(5);
      const listed: string[] = [];
      for await (const { record } of storage.list()) listed.push(record.key);
      expect(listed).toEqual(keys);
      expect(await storage.examine()).toContainEqual(expect.objectContaining({ check: 'cluster-news' }));
    });

    test('a lock is handed over to a waiter whatever server it listens at', async () => {
      const [one, two] = [await connect(), await connect()];
      const storages = [new RedisStorage({ client: one.client }), new RedisStorage({ client: two.client })] as const;
      later(() => Promise.all([one.end(), two.end()]));
      later(() => Promise.all(storages.map((storage) => storage.close())));
      for (const key of ['x/1', 'x/2', 'x/3', 'x/4', 'x/5', 'x/6']) {
        const { record } = await granted(storages[0].acquire(request(key)));
        const waiter = await wait(storages[1], key);
        await storages[0].release(key, record.leaseId);
        expect((await handed(waiter)).record.key).toBe(key);
      }
    });
  });

  test('a client for one server is told to use a cluster client', async () => {
    const client = new Redis({ port: nodes[0]?.port ?? 0 });
    later(() => client.disconnect());
    const storage = new RedisStorage({ client });
    const attempts = await Promise.allSettled(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => storage.read(key)));
    const refusals = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [String(attempt.reason)] : []));
    expect(refusals.length).toBeGreaterThan(0);
    for (const text of refusals) expect(text).toMatch(/belongs to a cluster: give a cluster client/);
  });
});
