import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '@lockscope/storage';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { RedisStorage } from '../src/index.ts';
import { admin, closesAfterEach, later, nodeRedisClient, storageOn } from './clients.ts';

let server: RedisTestServer;
closesAfterEach();

async function levels(storage: RedisStorage): Promise<Record<string, Finding['level']>> {
  return Object.fromEntries((await storage.examine()).map(({ check, level }) => [check, level]));
}

describeWith('redis-server', 'what is looked at', () => {
  beforeAll(async () => {
    server = await startRedis({ persistent: true });
  });
  afterAll(() => server.stop());

  test('a server and a client that are set up well have nothing to say', async () => {
    const storage = new RedisStorage({ url: `redis://127.0.0.1:${server.port}` });
    later(() => storage.close());
    expect(await levels(storage)).toEqual({
      'server-version': 'ok',
      'eviction-policy': 'ok',
      persistence: 'ok',
      failover: 'ok',
      clock: 'ok',
      'client-timeouts': 'ok',
    });
  });

  test('a server that removes keys when its memory is full is a problem', async () => {
    await admin(server, 'CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
    const finding = (await storageOn(server).examine()).find(({ check }) => check === 'eviction-policy');
    expect(finding).toMatchObject({ level: 'problem', remedy: expect.stringContaining('noeviction') as string });
    expect(finding?.message).toContain('allkeys-lru');
    await admin(server, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    expect(await levels(storageOn(server))).toMatchObject({ 'eviction-policy': 'ok' });
    await admin(server, 'CONFIG', 'SET', 'maxmemory', '0');
  });

  test('a server that forgets its locks at a restart, and one with replicas, are warned of', async () => {
    await admin(server, 'CONFIG', 'SET', 'appendonly', 'no');
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
    later(() => replica.stop());
    const storage = storageOn(server);
    await expect
      .poll(() => levels(storage), { timeout: 5000 })
      .toMatchObject({ persistence: 'warning', failover: 'warning' });
  });

  test('clients that let a command hang are warned of', async () => {
    const endless = new Redis({ port: server.port, maxRetriesPerRequest: null });
    later(() => endless.disconnect());
    const [warning] = (await new RedisStorage({ client: endless }).examine()).filter(
      ({ check }) => check === 'client-timeouts',
    );
    expect(warning).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/hang without end.*gave up/) as string,
    });
    const short = new Redis({ port: server.port, commandTimeout: 3000, maxRetriesPerRequest: 1 });
    later(() => short.disconnect());
    expect(await levels(new RedisStorage({ client: short }))).toMatchObject({ 'client-timeouts': 'ok' });
    const node = await nodeRedisClient(server);
    later(node.end);
    expect(await levels(new RedisStorage({ client: node.client }))).toMatchObject({ 'client-timeouts': 'warning' });
  });
});
