import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ForeignRecordError, StorageError } from '@lockscope/storage';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { startProxy } from '../../../../test/support/servers/tcp-proxy.ts';
import { RedisStorage } from '../src/index.ts';
import { admin, closesAfterEach, granted, later, request, storageOn, until } from './clients.ts';

let server: RedisTestServer;
closesAfterEach();

/** The error of a call that has to fail. */
async function failure(call: Promise<unknown>): Promise<StorageError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new Error('did not fail');
}

/** Waits until there is a connection, also where commands have little time. */
async function works(storage: RedisStorage): Promise<void> {
  await until(async () => (await storage.read('b').catch(() => undefined)) !== undefined);
}

function ownStorageWith(driver: 'ioredis' | 'redis', port: number, commandTimeoutMs?: number): RedisStorage {
  const timeout = commandTimeoutMs === undefined ? {} : { commandTimeoutMs };
  const storage = new RedisStorage({ url: `redis://127.0.0.1:${port}`, driver, ...timeout });
  later(() => storage.close());
  return storage;
}

describeWith('redis-server', 'when something is wrong', () => {
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await admin(server, 'FLUSHALL');
    await admin(server, 'CONFIG', 'SET', 'maxmemory', '0');
  });

  test('a list under the key of a lock is not taken for a free lock, and stays', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const [name] = (await admin(server, 'KEYS', '*:l:a')) as [string];
    await admin(server, 'DEL', name);
    await admin(server, 'RPUSH', name, 'mine');
    for (const call of [storage.acquire(request('a')), storage.read('a'), storage.release('a', record.leaseId)]) {
      expect(await failure(call)).toBeInstanceOf(ForeignRecordError);
    }
    expect(await admin(server, 'TYPE', name)).toBe('list');
    const other = (await granted(storage.acquire(request('b')))).record;
    const [first, second] = await storage.renewMany([
      { key: 'a', leaseId: record.leaseId, leaseMs: 1000 },
      { key: 'b', leaseId: other.leaseId, leaseMs: 1000 },
    ]);
    expect(first).toBeInstanceOf(ForeignRecordError);
    expect(second).toMatchObject({ renewed: true });
  });

  test('a user who may not do it is told what to allow', async () => {
    await admin(server, 'ACL', 'SETUSER', 'guest', 'on', '>secret', '~other:*', '&*', '+@all');
    const client = new Redis({ port: server.port, username: 'guest', password: 'secret' });
    later(() => client.disconnect());
    const error = await failure(new RedisStorage({ client }).acquire(request('a')));
    expect(error.message).toMatch(/may not do that: allow it ~<prefix>:\*/);
  });

  test('a user with what the README lists may do everything', async () => {
    const rights =
      '~lockscope:* &lockscope:* +@connection +@scripting +@string +@hash +@list +@keyspace +@pubsub +time +info';
    await admin(server, 'ACL', 'SETUSER', 'locker', 'on', '>secret', ...rights.split(' '));
    const client = new Redis({ port: server.port, username: 'locker', password: 'secret' });
    const storage = new RedisStorage({ client });
    later(() => client.disconnect());
    later(() => storage.close());
    const { record } = await granted(storage.acquire(request('a', { share: 3 })));
    const waiter = request('a', { waitMs: 1000 });
    const news: string[] = [];
    storage.watch('a', waiter.leaseId, ({ type }) => news.push(type));
    expect((await storage.acquire(waiter)).acquired).toBe(false);
    await storage.renew('a', record.leaseId, 1000);
    await storage.release('a', record.leaseId);
    await until(() => news.includes('granted'));
    for await (const state of storage.list()) expect(state.record.key).toBe('a');
    await storage.forceRelease('a');
    expect((await storage.examine()).length).toBeGreaterThan(3);
  });

  test('a replica is named as such', async () => {
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
    later(() => replica.stop());
    const storage = storageOn(replica);
    const said = async (): Promise<string> => (await failure(storage.acquire(request('a')))).message;
    await until(async () => /replica/.test(await said()));
    expect(await said()).toMatch(/this is a replica: connect to the master/);
    expect(await storage.examine()).toContainEqual(expect.objectContaining({ check: 'failover', level: 'problem' }));
  });

  test('a server without memory left says so, and locks are still released', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    await admin(server, 'CONFIG', 'SET', 'maxmemory', '1');
    expect((await failure(storage.acquire(request('b')))).message).toMatch(/maxmemory/);
    expect(await storage.release('a', record.leaseId)).toEqual({ released: true });
  });

  describe.each(['ioredis', 'redis'] as const)('on its own connection, made by %s', (driver) => {
    const ownStorage = (port: number, commandTimeoutMs?: number): RedisStorage =>
      ownStorageWith(driver, port, commandTimeoutMs);

    test('a server that does not answer fails every call within commandTimeoutMs', async () => {
      const storage = ownStorage(server.port, 200);
      await works(storage);
      server.freeze();
      later(() => server.thaw());
      const start = performance.now();
      const calls = [
        storage.acquire(request('a')),
        storage.release('a', 'b'),
        storage.read('a'),
        storage.list().next(),
        storage.examine(),
      ];
      for (const error of await Promise.all(calls.map(failure))) expect(error.message).toMatch(/no answer for 200 ms/);
      expect(performance.now() - start).toBeLessThan(10_000);
      server.thaw();
      await works(storage);
    });

    test('an attempt that nobody waited for any more is not sent when the connection comes back', async () => {
      const proxy = await startProxy(server.port);
      later(() => proxy.close());
      const storage = ownStorage(proxy.port, 150);
      await works(storage);
      proxy.set({ down: true });
      proxy.reset();
      await failure(storage.acquire(request('a')));
      await failure(storage.acquire(request('a')));
      proxy.set({});
      await works(storage);
      expect((await storage.read('a')).record).toBeUndefined();
    });

    test('a reply that gets lost costs nothing: the same lease asks again and has the lock', async () => {
      const proxy = await startProxy(server.port);
      later(() => proxy.close());
      const storage = ownStorage(proxy.port, 150);
      await works(storage);
      proxy.set({ blackhole: 'replies' });
      const attempt = request('a');
      await failure(storage.acquire(attempt));
      proxy.reset();
      proxy.set({});
      const again = async () => storage.acquire(attempt).catch(() => undefined);
      await until(async () => (await again())?.acquired === true);
    });

    test('slow replies are waited for', async () => {
      const proxy = await startProxy(server.port);
      later(() => proxy.close());
      const storage = ownStorage(proxy.port);
      proxy.set({ replyDelayMs: 100 });
      const { record, storageNow } = await granted(storage.acquire(request('a')));
      expect(record.acquiredAt).toBe(storageNow);
      expect(await storage.release('a', record.leaseId)).toEqual({ released: true });
    });

    test('a storage whose server was never there fails in time, and works when the server comes', async () => {
      const late = await startRedis();
      later(() => late.stop());
      await late.kill();
      const storage = ownStorage(late.port, 100);
      const error = await failure(storage.acquire(request('a')));
      expect(error.message).toMatch(/no connection for 100 ms/);
      await late.start();
      await works(storage);
    });

    test('many operations that wait for a server are no reason for a warning', async () => {
      const warnings: string[] = [];
      const note = ({ message }: Error): void => void warnings.push(message);
      process.on('warning', note);
      later(() => process.off('warning', note));
      const late = await startRedis();
      later(() => late.stop());
      await late.kill();
      const storage = ownStorage(late.port, 300);
      const waiting = Array.from({ length: 50 }, (_, n) => failure(storage.acquire(request(`k${n}`))));
      await Promise.all(waiting);
      expect(warnings).toEqual([]);
    });

    test('a server that stands still while the storage connects is given up in time, and works when it goes on', async () => {
      const still = await startRedis();
      later(() => still.stop());
      still.freeze();
      later(() => still.thaw());
      const storage = ownStorage(still.port, 200);
      const began = performance.now();
      await failure(storage.acquire(request('a')));
      expect(performance.now() - began, 'milliseconds, of 200 that it has').toBeLessThan(5_000);
      still.thaw();
      await works(storage);
    });

    test('closing waits for no server that stands still, also while somebody watches', async () => {
      const still = await startRedis();
      later(() => still.stop());
      const storage = ownStorage(still.port);
      const waiter = request('a', { waitMs: 100 });
      storage.watch('a', waiter.leaseId, () => undefined);
      await granted(storage.acquire(waiter));
      still.freeze();
      later(() => still.thaw());
      const began = performance.now();
      await storage.close();
      expect(performance.now() - began, 'milliseconds, where a command may take 5,000').toBeLessThan(3_000);
    });

    test('closing its own client leaves no connection', async () => {
      const storage = ownStorage(server.port);
      const waiter = request('a', { waitMs: 100 });
      storage.watch('a', waiter.leaseId, () => undefined);
      await granted(storage.acquire(waiter));
      const connections = async (): Promise<string> => String(await admin(server, 'CLIENT', 'LIST'));
      // Who asks, and the storage's: it listens on the one that it has.
      expect((await connections()).trim().split('\n').length).toBe(2);
      await storage.close();
      await until(async () => (await connections()).trim().split('\n').length === 1);
    });
  });
});
