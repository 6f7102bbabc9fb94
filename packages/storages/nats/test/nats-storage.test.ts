import { afterAll, expect, test, vi } from 'vitest';
import { connect } from '@nats-io/transport-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { NatsStorage } from '../src/index.ts';
import { newRequest, take, until, waitInLine } from '../../../../test/support/requests.ts';
import { World } from './world.ts';

describeWith('nats-server', 'locks in NATS', () => {
  const world = new World();
  afterAll(() => world.stop());

  /** A storage on a connection whose messages can be counted. */
  async function counted(
    bucket: string,
  ): Promise<{ storage: NatsStorage; sent: () => number; end: () => Promise<void> }> {
    const connection = await connect({ servers: (await world.server()).url });
    const storage = new NatsStorage({ connection, bucket });
    await storage.read('nobody');
    const end = async (): Promise<void> => {
      await storage.close();
      await connection.close();
    };
    return { storage, sent: () => connection.stats().outMsgs, end };
  }

  test('an uncontended acquire is one message, and so is a release', async () => {
    const { storage, sent, end } = await counted(world.newBucket());
    for (let round = 0; round < 3; round += 1) {
      const before = sent();
      const attempt = newRequest('orders/42');
      await take(storage, attempt);
      expect(sent() - before).toBe(1);
      expect(await storage.renew('orders/42', attempt.leaseId, 60_000)).toMatchObject({ renewed: true });
      expect(sent() - before).toBe(2);
      expect(await storage.release('orders/42', attempt.leaseId)).toEqual({ released: true });
      expect(sent() - before).toBe(3);
    }
    await end();
  });

  test('a waiter that gets the lock handed over sends nothing for it, and releases with one message', async () => {
    const bucket = world.newBucket();
    const holder = await counted(bucket);
    const waiter = await counted(bucket);
    const first = newRequest('a');
    await take(holder.storage, first);
    const { attempt, news } = await waitInLine(waiter.storage, 'a');
    const before = { holder: holder.sent(), waiter: waiter.sent() };
    await holder.storage.release('a', first.leaseId);
    await until('the hand-over', () => news.length > 0);
    expect(news).toMatchObject([{ type: 'granted', result: { record: { leaseId: attempt.leaseId } } }]);
    expect(waiter.sent() - before.waiter).toBe(0);
    await waiter.storage.release('a', attempt.leaseId);
    expect(waiter.sent() - before.waiter).toBe(1);
    await holder.end();
    await waiter.end();
  });

  test('who holds a lock and hears news hands it over with one write, although others joined the line', async () => {
    const bucket = world.newBucket();
    const holder = await counted(bucket);
    const waiter = await counted(bucket);
    const first = newRequest('a');
    const stop = holder.storage.watch('a', first.leaseId, () => undefined);
    await take(holder.storage, first);
    const { news } = await waitInLine(waiter.storage, 'a');
    // It hears that the record has changed, and looks: one message.
    const looked = holder.sent() + 1;
    await until('the look', () => holder.sent() === looked);
    await sleep(50);
    await holder.storage.release('a', first.leaseId);
    // One write, and one message that tells the waiter.
    expect(holder.sent() - looked).toBe(2);
    await until('the hand-over', () => news.length > 0);
    stop();
    await holder.end();
    await waiter.end();
  });

  test('a released lock leaves nothing behind in the bucket', async () => {
    const bucket = world.newBucket();
    const storage = await world.storage(bucket);
    for (let n = 0; n < 100; n += 1) {
      const attempt = newRequest(`orders/${n}`);
      await take(storage, attempt);
      await storage.release(attempt.key, attempt.leaseId);
    }
    await until('an empty bucket', async () => (await world.names(bucket)).join() === 'clock');
  });

  test('a storage that is closed right after a release leaves nothing behind either', async () => {
    const bucket = world.newBucket();
    const storage = await world.storage(bucket);
    const attempt = newRequest('a');
    await take(storage, attempt);
    await storage.release('a', attempt.leaseId);
    await storage.close();
    expect(await world.names(bucket)).toEqual(['clock']);
  });

  test('a renewal that the server stores after the end of the lease revives nothing', async () => {
    const bucket = world.newBucket();
    const late = await world.storage(bucket, { viaProxy: true });
    const other = await world.storage(bucket);
    const attempt = newRequest('a', { leaseMs: 300 });
    const { record } = await take(late, attempt);
    const proxy = await world.proxy();
    proxy.set({ delayMs: 500 });
    const renewal = late.renew('a', attempt.leaseId, 60_000);
    await until('the renewal', async () => (await other.read('a')).storageNow > record.expiresAt + 400);
    proxy.set({});
    const next = await take(other, newRequest('a'));
    expect(next.record.fencingToken).toBeGreaterThan(record.fencingToken);
    expect(await renewal).toMatchObject({ renewed: false });
  });

  test(
    'a lock that was asked for slowly is shown with the times that the server gave it',
    { timeout: 30_000 },
    async () => {
      const bucket = world.newBucket();
      const slow = await world.storage(bucket, { viaProxy: true });
      const other = await world.storage(bucket);
      await slow.read('a');
      const proxy = await world.proxy();
      proxy.set({ delayMs: 1200 });
      const { record } = await take(slow, newRequest('a'));
      proxy.set({});
      expect((await other.read('a')).record).toEqual(record);
    },
  );

  test('the wall clock of a client decides nothing', async () => {
    const bucket = world.newBucket();
    const right = await world.storage(bucket);
    const held = newRequest('held');
    await take(right, held);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 24 * 3_600_000 });
    try {
      const wrong = await world.storage(bucket);
      expect(await wrong.acquire(newRequest('held'))).toMatchObject({ acquired: false });
      const short = await take(wrong, newRequest('short', { leaseMs: 200 }));
      expect(await right.acquire(newRequest('short'))).toMatchObject({ acquired: false });
      await until('the end of the lease', async () => (await right.read('short')).record === undefined);
      const next = await take(right, newRequest('short'));
      expect(next.previous).toMatchObject({ fencingToken: short.record.fencingToken });
      expect(next.record.acquiredAt).toBeGreaterThanOrEqual(short.record.expiresAt);
    } finally {
      vi.useRealTimers();
    }
  });

  test('while the connection is down an attempt fails at once, and is not sent later', async () => {
    const lonely = new World();
    const bucket = lonely.newBucket();
    const storage = await lonely.storage(bucket);
    await storage.read('a');
    const server = await lonely.server();
    await server.kill();
    await until('the end of the connection', async () => {
      const error: unknown = await storage.read('a').catch((cause: unknown) => cause);
      return String(error).includes('connection is down');
    });
    await expect(storage.acquire(newRequest('a'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await server.start();
    await until('the return', () =>
      storage.read('a').then(
        () => true,
        () => false,
      ),
    );
    expect((await storage.read('a')).record).toBeUndefined();
    await lonely.stop();
  });

  test('who waits while the connection breaks is told to ask', async () => {
    const bucket = world.newBucket();
    const holder = await world.storage(bucket);
    const waiter = await world.storage(bucket, { viaProxy: true });
    const held = newRequest('a');
    await take(holder, held);
    const { attempt, news } = await waitInLine(waiter, 'a');
    (await world.proxy()).reset();
    await until('the news', () => news.some(({ type }) => type === 'ask'));
    await holder.release('a', held.leaseId);
    await take(waiter, attempt);
  });

  test('tokens rise also when the bucket was deleted and made again', async () => {
    const bucket = world.newBucket();
    const before = await take(await world.storage(bucket), newRequest('a'));
    await world.removeBucket(bucket);
    const after = await take(await world.storage(bucket), newRequest('a'));
    expect(after.record.fencingToken).toBeGreaterThan(before.record.fencingToken);
  });

  test('a storage whose bucket was deleted under it makes it again, and its tokens rise', async () => {
    const bucket = world.newBucket();
    const storage = await world.storage(bucket);
    const before = await take(storage, newRequest('a'));
    await world.removeBucket(bucket);
    await expect(storage.acquire(newRequest('a'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    const after = await take(storage, newRequest('a'));
    expect(after.record.fencingToken).toBeGreaterThan(before.record.fencingToken);
  });

  test('a storage notices that its bucket was deleted and made again by others', async () => {
    const bucket = world.newBucket();
    const storage = await world.storage(bucket);
    for (let n = 0; n < 5; n += 1) await take(storage, newRequest(`key ${n}`));
    await world.removeBucket(bucket);
    const other = await world.storage(bucket);
    const { record } = await take(other, newRequest('b'));
    await other.release('b', record.leaseId);
    await expect(storage.acquire(newRequest('a'))).rejects.toThrow(/deleted and made again/);
    await take(storage, newRequest('c'));
  });

  test('a key that somebody deleted by hand is free, and its holder is told at the next renewal', async () => {
    const bucket = world.newBucket();
    const storage = await world.storage(bucket);
    const attempt = newRequest('a');
    const { record } = await take(storage, attempt);
    await world.deleteAsKeyValueClient(bucket, 'a');
    expect(await storage.renew('a', attempt.leaseId, 60_000)).toMatchObject({ renewed: false });
    const next = await take(storage, newRequest('a'));
    expect(next.record.fencingToken).toBeGreaterThan(record.fencingToken);
  });

  test('a line that is full keeps nobody from asking again', async () => {
    const bucket = world.newBucket();
    const { url } = await world.server();
    const storage = new NatsStorage({ servers: url, bucket, maxWaiters: 2 });
    const held = newRequest('a');
    await take(storage, held);
    const attempts = Array.from({ length: 3 }, () => newRequest('a', { waitMs: 60_000 }));
    for (const [ahead, attempt] of attempts.entries())
      expect(await storage.acquire(attempt)).toMatchObject({ acquired: false, ahead });
    expect((await storage.read('a')).waiters).toHaveLength(2);
    await storage.close();
  });

  test('a hundred who wait with a hundred behind each fit into the record', { timeout: 30_000 }, async () => {
    const bucket = world.newBucket();
    const storage = await world.storage(bucket);
    await take(storage, newRequest('a'));
    const holder = { ownerId: 'o'.repeat(128), host: 'h'.repeat(255), service: 's'.repeat(128) };
    const behind = Array.from({ length: 100 }, () => ({ holder, waitedMs: 1 }));
    for (let n = 0; n < 100; n += 1) await storage.acquire(newRequest('a', { holder, waitMs: 60_000, behind }));
    const { waiters } = await storage.read('a');
    expect(new Set(waiters.map(({ leaseId }) => leaseId)).size).toBe(100);
  });

  test('a given connection stays open when the storage is closed, and can have several storages', async () => {
    const connection = await connect({ servers: (await world.server()).url });
    const bucket = world.newBucket();
    const [one, two] = [new NatsStorage({ connection, bucket }), new NatsStorage({ connection, bucket })];
    const attempt = newRequest('a');
    await take(one, attempt);
    await one.close();
    expect(connection.isClosed()).toBe(false);
    expect(await two.release('a', attempt.leaseId)).toEqual({ released: true });
    await two.close();
    await connection.close();
  });
});
