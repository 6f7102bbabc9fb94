import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { afterAll, describe, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startProxy } from '../../../../test/support/servers/tcp-proxy.ts';
import { startEtcd } from '../../../../test/support/servers/etcd.ts';
import { EtcdOptionsError, EtcdStorage, type EtcdStorageOptions } from '../src/index.ts';
import { newRequest, take, until, waitInLine } from '../../../../test/support/requests.ts';
import { World } from './world.ts';

describe('the options', () => {
  test('are checked when the storage is made, and all that is wrong is said at once', () => {
    const wrong = {
      hosts: [],
      client: {},
      prefix: 'a b',
      timeoutMs: 0,
      conflictRetries: 0.5,
      maxWaiters: -1,
      ttl: 3,
    } as unknown as EtcdStorageOptions;
    let error: unknown;
    try {
      void new EtcdStorage(wrong);
    } catch (cause) {
      error = cause;
    }
    expect(error).toBeInstanceOf(EtcdOptionsError);
    expect((error as EtcdOptionsError).code).toBe('INVALID_OPTIONS');
    expect((error as EtcdOptionsError).problems).toEqual([
      expect.stringContaining('there is no option "ttl"; known are client, hosts,'),
      'client and hosts or connect exclude each other',
      'client must be an Etcd3 of etcd3, got object',
      'hosts must be one or several texts that are not empty',
      'prefix must be 1 to 128 printable ASCII characters without blanks, got "a b"',
      'timeoutMs must be a whole number from 1 to 600000, got 0',
      'conflictRetries must be a whole number from 0 to 10000, got 0.5',
      'maxWaiters must be a whole number from 0 to 1000, got -1',
    ]);
  });
});

/** How many watches a server has. */
async function watching({ url }: { readonly url: string }): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^etcd_debugging_mvcc_watcher_total (\S+)$/m.exec(metrics)?.[1]);
}

describeWith('etcd', 'locks in etcd', () => {
  const world = new World();
  afterAll(() => world.stop());

  /** How often the server was asked for something. */
  async function calls(): Promise<Readonly<Record<'Txn' | 'LeaseGrant' | 'LeaseKeepAlive' | 'Range', number>>> {
    const metrics = await (await fetch(`${(await world.server()).url}/metrics`)).text();
    const count = (method: string): number => {
      const line = new RegExp(`^grpc_server_started_total\\{grpc_method="${method}",.*\\} (\\S+)$`, 'm').exec(metrics);
      return Number(line?.[1] ?? 0);
    };
    const [Txn, LeaseGrant] = [count('Txn'), count('LeaseGrant')];
    return { Txn, LeaseGrant, LeaseKeepAlive: count('LeaseKeepAlive'), Range: count('Range') };
  }

  test('an uncontended acquire, renewal and release are one transaction each, and use one lease of etcd again and again', async () => {
    const storage = await world.storage(world.newPrefix());
    const first = newRequest('a');
    await take(storage, first);
    await storage.release('a', first.leaseId);
    const before = await calls();
    for (let round = 0; round < 5; round += 1) {
      const attempt = newRequest('a');
      await take(storage, attempt);
      expect(await storage.renew('a', attempt.leaseId, 60_000)).toMatchObject({ renewed: true });
      expect(await storage.release('a', attempt.leaseId)).toEqual({ released: true });
    }
    const after = await calls();
    expect(after.Txn - before.Txn).toBe(15);
    expect(after.LeaseGrant - before.LeaseGrant).toBe(0);
    expect(after.Range - before.Range).toBe(0);
    // One for each renewal, and one when the second that it has to spare was over.
    expect(after.LeaseKeepAlive - before.LeaseKeepAlive).toBeLessThanOrEqual(7);
  });

  test('a lease of etcd that is used again and again still lasts as long as the lock was asked for', async () => {
    const storage = await world.storage(world.newPrefix());
    const client = await world.beside();
    for (let round = 0; round < 12; round += 1) {
      const attempt = newRequest('a', { leaseMs: 10_000 });
      await take(storage, attempt);
      const { leases } = await client.leaseClient.leaseLeases();
      const lives = await Promise.all(leases.map(({ ID }) => client.leaseClient.leaseTimeToLive({ ID, keys: true })));
      const mine = lives.find(({ keys }) => keys.some((key) => key.toString().endsWith(attempt.leaseId)));
      // In whole seconds, of what is left.
      expect(Number(mine?.TTL)).toBeGreaterThanOrEqual(9);
      await storage.release('a', attempt.leaseId);
      await sleep(300);
    }
  });

  test('a waiter that gets the lock handed over asks for nothing, and releases with one transaction', async () => {
    const prefix = world.newPrefix();
    const [holder, waiter] = [await world.storage(prefix), await world.storage(prefix)];
    const first = newRequest('a');
    await take(holder, first);
    const { attempt, news } = await waitInLine(waiter, 'a');
    const before = await calls();
    // One transaction that finds out that somebody waits, and one that hands over.
    await holder.release('a', first.leaseId);
    await until('the hand-over', () => news.length > 0);
    expect(news).toMatchObject([{ type: 'granted', result: { record: { leaseId: attempt.leaseId } } }]);
    expect((await calls()).Txn - before.Txn).toBe(2);
    await waiter.release('a', attempt.leaseId);
    expect((await calls()).Txn - before.Txn).toBe(3);
  });

  test('what is released leaves nothing behind', async () => {
    const prefix = world.newPrefix();
    const storage = await world.storage(prefix);
    const held = newRequest('a');
    await take(storage, held);
    const { attempt, news, stop } = await waitInLine(storage, 'a');
    await storage.release('a', held.leaseId);
    await until('the hand-over', () => news.length > 0);
    await storage.release('a', attempt.leaseId);
    stop();
    expect(await world.names(prefix)).toEqual(['base']);
  });

  test('a closed storage leaves no lease of etcd behind', async () => {
    const server = await startEtcd();
    const client = new Etcd3({ hosts: server.url });
    const storage = new EtcdStorage({ hosts: server.url });
    const attempts = Array.from({ length: 20 }, (_, n) => newRequest(`orders/${n}`));
    await Promise.all(attempts.map((attempt) => take(storage, attempt)));
    expect((await client.leaseClient.leaseLeases()).leases).toHaveLength(20);
    await Promise.all(attempts.map(({ key, leaseId }) => storage.release(key, leaseId)));
    await storage.close();
    expect((await client.leaseClient.leaseLeases()).leases).toEqual([]);
    client.close();
    await server.stop();
  });

  test(
    'a lock of a process that is gone is free when its lease is over, and the first in line gets it',
    { timeout: 20_000 },
    async () => {
      const prefix = world.newPrefix();
      const [gone, other] = [await world.storage(prefix), await world.storage(prefix)];
      const { record } = await take(gone, newRequest('a', { leaseMs: 1000 }));
      await gone.close();
      const waiting = newRequest('a', { waitMs: 60_000 });
      expect(await other.acquire(waiting)).toMatchObject({ acquired: false, record: { leaseId: record.leaseId } });
      await until('the end of the lease', async () => (await other.read('a')).record === undefined);
      expect(await other.acquire(newRequest('a'))).toMatchObject({ acquired: false, record: undefined });
      const next = await take(other, waiting);
      expect(next.previous).toMatchObject({ fencingToken: record.fencingToken, expiredAt: record.expiresAt });
      expect(next.record.fencingToken).toBeGreaterThan(record.fencingToken);
    },
  );

  test('a lease lasts as long as it was asked for or longer, never less', { timeout: 20_000 }, async () => {
    const prefix = world.newPrefix();
    const [one, other] = [await world.storage(prefix), await world.storage(prefix)];
    for (const round of ['with a new lease of etcd', 'with one that was used before']) {
      const attempt = newRequest('a', { leaseMs: 2500 });
      const from = performance.now();
      await take(one, attempt);
      await until(round, async () => (await other.read('a')).record === undefined);
      expect(performance.now() - from).toBeGreaterThanOrEqual(2500);
      const again = newRequest('b', { leaseMs: 2500 });
      await take(one, again);
      await one.release('b', again.leaseId);
    }
  });

  test('tokens rise also when etcd was set up anew', async () => {
    const [before, after] = [await startEtcd(), await startEtcd()];
    const tokens: number[] = [];
    for (const { url } of [before, after]) {
      const storage = new EtcdStorage({ hosts: url });
      tokens.push((await take(storage, newRequest('a'))).record.fencingToken);
      await storage.close();
    }
    const [first = Infinity, second] = tokens;
    expect(second).toBeGreaterThan(first);
    await Promise.all([before.stop(), after.stop()]);
  });

  test('a given client stays open when the storage is closed', async () => {
    const client = new Etcd3({ hosts: (await world.server()).url });
    const storage = new EtcdStorage({ client, prefix: world.newPrefix() });
    await take(storage, newRequest('a'));
    await storage.close();
    expect(await client.get('nothing')).toBeNull();
    client.close();
  });

  test('a server that does not answer: the outcome is unknown after timeoutMs, and later the same lease has the lock', async () => {
    const lonely = new World();
    const storage = await lonely.storage(lonely.newPrefix(), { timeoutMs: 300 });
    await storage.read('a');
    const server = await lonely.server();
    server.freeze();
    const attempt = newRequest('a');
    await expect(storage.acquire(attempt)).rejects.toThrow(/no answer within 300 ms/);
    server.thaw();
    await until('an answer', () =>
      storage.acquire(attempt).then(
        ({ acquired }) => acquired,
        () => false,
      ),
    );
    await lonely.stop();
  });

  test('no server: a StorageError, and it works once there is one', async () => {
    const server = await startEtcd();
    const storage = new EtcdStorage({ hosts: server.url });
    await server.kill();
    await expect(storage.acquire(newRequest('a'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      operation: 'acquire',
    });
    await server.start();
    await until('a lock', () =>
      storage.acquire(newRequest('a')).then(
        ({ acquired }) => acquired,
        () => false,
      ),
    );
    await storage.close();
    await server.stop();
  });

  test('there is one watch while somebody watches, however many, and none afterwards', async () => {
    const server = await startEtcd();
    const storage = new EtcdStorage({ hosts: server.url });
    await take(storage, newRequest('a'));
    expect(await watching(server)).toBe(0);
    const stops = [];
    for (let n = 0; n < 10; n += 1) stops.push((await waitInLine(storage, 'a')).stop);
    expect(await watching(server)).toBe(1);
    for (const stop of stops) stop();
    await until('the end of the watch', async () => (await watching(server)) === 0);
    await storage.close();
    await server.stop();
  });

  test('a watch that ends while the server is away does not come back with it', async () => {
    const server = await startEtcd();
    const storage = new EtcdStorage({ hosts: server.url });
    await take(storage, newRequest('a'));
    const { stop } = await waitInLine(storage, 'a');
    await server.kill();
    stop();
    // Nobody has watched for longer than the storage goes on to hear.
    await sleep(1_200);
    await server.start();
    await until('an answer', () =>
      storage.read('a').then(
        () => true,
        () => false,
      ),
    );
    // Watches come back in the order in which they were made: once this one hears, an older one would, too.
    await waitInLine(storage, 'a');
    expect(await watching(server)).toBe(1);
    await storage.close();
    await server.stop();
  });

  test('a watch hears again within two seconds of the return of the server, however long that was away', async () => {
    const server = await startEtcd();
    const network = await startProxy(server.port);
    const storage = new EtcdStorage({ hosts: `http://127.0.0.1:${network.port}` });
    await take(storage, newRequest('a'));
    await waitInLine(storage, 'a');
    network.set({ down: true });
    network.reset();
    // Long enough for many attempts, between which etcd3 waits longer and longer where that is left to it.
    await sleep(8_000);
    network.set({});
    const returned = performance.now();
    await until('the watch', async () => (await watching(server)) === 1);
    expect(performance.now() - returned).toBeLessThan(2_000);
    await storage.close();
    await network.close();
    await server.stop();
  });

  test('closing takes no longer than an operation, also while somebody watches and the server stands still', async () => {
    const server = await startEtcd();
    const storage = new EtcdStorage({ hosts: server.url, timeoutMs: 500 });
    await take(storage, newRequest('a'));
    await waitInLine(storage, 'a');
    server.freeze();
    try {
      const began = performance.now();
      await storage.close();
      expect(performance.now() - began).toBeLessThan(2_500);
    } finally {
      server.thaw();
      await server.stop();
    }
  });

  test('examine tells how many members there are, and how short a lease can be', async () => {
    const findings = await (await world.storage(world.newPrefix())).examine();
    expect(findings).toMatchObject([
      { check: 'members', level: 'warning' },
      { check: 'shortest-lease', level: 'ok', message: expect.stringContaining('lasts 2 s') as unknown },
    ]);
  });
});
