import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { admin, closesAfterEach, granted, later, request, storageOn, until } from './clients.ts';

let server: RedisTestServer;
closesAfterEach();

async function tokenOf(storage: ReturnType<typeof storageOn>, key = 'a'): Promise<number> {
  const { record } = await granted(storage.acquire(request(key)));
  await storage.release(key, record.leaseId);
  return record.fencingToken;
}

describeWith('redis-server', 'tokens', () => {
  beforeAll(async () => {
    server = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  });
  afterAll(() => server.stop());

  test('rise although somebody flushed the database', async () => {
    const storage = storageOn(server);
    const before = await tokenOf(storage);
    await admin(server, 'FLUSHALL');
    expect(await tokenOf(storage)).toBeGreaterThan(before);
  });

  test('rise although the server came back from a restart without its data', async () => {
    const storage = storageOn(server);
    const before = await tokenOf(storage);
    await server.restart();
    await until(async () => (await storage.read('a').catch(() => undefined)) !== undefined);
    expect(await tokenOf(storage)).toBeGreaterThan(before);
  });

  test('rise over a failover to a replica that had missed the last ones', async () => {
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
    later(() => replica.stop());
    const synced = async (): Promise<boolean> =>
      String(await admin(replica, 'INFO', 'replication')).includes('master_link_status:up');
    await until(synced);
    await tokenOf(storageOn(server));
    replica.freeze();
    // What the master sends from now on would be read after the thaw.
    await admin(server, 'CLIENT', 'KILL', 'TYPE', 'replica');
    const storage = storageOn(server);
    let before = 0;
    for (let round = 0; round < 50; round += 1) before = await tokenOf(storage);
    const { record: held } = await granted(storage.acquire(request('held')));
    await server.kill();
    replica.thaw();
    await admin(replica, 'REPLICAOF', 'NO', 'ONE');
    const after = storageOn(replica);
    const { record } = await granted(after.acquire(request('held')));
    expect(record.fencingToken, 'of a lock that was lost in the failover').toBeGreaterThan(held.fencingToken);
    expect(await tokenOf(after)).toBeGreaterThan(before);
    await server.start();
  });

  test('rise although the clock of the server went back', async () => {
    const storage = storageOn(server);
    const before = await tokenOf(storage);
    // As if the last token had been given an hour from now.
    const ahead = before + 3_600_000_000;
    for (const name of (await admin(server, 'KEYS', 'lockscope:{*}:token')) as string[])
      await admin(server, 'SET', name, String(ahead));
    expect(await tokenOf(storage)).toBe(ahead + 1);
    const spare = await granted(storage.acquire(request('a', { spareTokens: 10 })));
    expect(spare.record.fencingToken).toBe(ahead + 2);
    expect((await storage.read('a')).record).toEqual(spare.record);
    await storage.release('a', spare.record.leaseId);
    expect(await tokenOf(storage)).toBe(ahead + 13);
    await admin(server, 'FLUSHALL');
  });

  test('leave nothing behind for each lock: a thousand keys need no more than one counter for each bucket', async () => {
    const storage = storageOn(server);
    await Promise.all(Array.from({ length: 1000 }, (_, index) => tokenOf(storage, `key/${index}`)));
    const names = (await admin(server, 'KEYS', '*')) as string[];
    expect(names.filter((name) => !name.endsWith(':token'))).toEqual([]);
    expect(names.length).toBeLessThanOrEqual(256);
  });
});
