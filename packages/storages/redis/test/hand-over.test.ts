import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { startProxy } from '../../../../test/support/servers/tcp-proxy.ts';
import { RedisStorage } from '../src/index.ts';
import {
  admin,
  closesAfterEach,
  granted,
  handed,
  ioredisClient,
  later,
  nodeRedisClient,
  refused,
  request,
  storageOn,
  until,
  wait,
} from './clients.ts';

let server: RedisTestServer;
closesAfterEach();

async function held(storage: RedisStorage, key = 'a'): Promise<string> {
  return (await granted(storage.acquire(request(key)))).record.leaseId;
}

/** Waits until the server knows that so many processes listen. */
async function listening(count: number): Promise<void> {
  await until(async () => ((await admin(server, 'PUBSUB', 'CHANNELS', '*')) as string[]).length === count);
}

/** Cuts the connection that listens, as when its process died, and nothing else. */
async function cutSubscriptions(): Promise<void> {
  await admin(server, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
}

describeWith('redis-server', 'hand-over', () => {
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(() => admin(server, 'FLUSHALL'));

  test('a waiter whose process is gone is passed over: the next is served at once', async () => {
    const storage = storageOn(server);
    const leaseId = await held(storage);
    const died = ioredisClient(server);
    const gone = new RedisStorage({ client: died.client });
    await wait(gone, 'a');
    await gone.close();
    await died.end();
    await listening(0);
    const alive = await wait(storage, 'a');
    const before = performance.now();
    await storage.release('a', leaseId);
    await handed(alive);
    expect(performance.now() - before, 'milliseconds, where the dead one had a minute').toBeLessThan(30_000);
  });

  test('when all who wait are gone the lock is free for who asks next', async () => {
    const storage = storageOn(server);
    const leaseId = await held(storage);
    const gone = storageOn(server);
    await wait(gone, 'a');
    await wait(gone, 'a');
    await gone.close();
    await listening(0);
    await storage.release('a', leaseId);
    await granted(storage.acquire(request('a')));
  });

  test('a waiter whose connection breaks keeps its place, is told to ask, and is served when it does', async () => {
    const [storage, other] = [storageOn(server), storageOn(server)];
    const leaseId = await held(storage);
    const first = await wait(other, 'a');
    const second = await wait(other, 'a');
    await cutSubscriptions();
    await until(() => first.news.some(({ type }) => type === 'ask') && second.news.some(({ type }) => type === 'ask'));
    await storage.release('a', leaseId);
    await handed(first);
    expect(second.news.filter(({ type }) => type === 'granted')).toEqual([]);
  });

  test('who was passed over while it could not be reached is still the first when it asks', async () => {
    const proxy = await startProxy(server.port);
    later(() => proxy.close());
    const storage = storageOn(server);
    const leaseId = await held(storage);
    const far = storageOn(proxy);
    const first = await wait(far, 'a');
    const second = await wait(storage, 'a');
    proxy.set({ down: true });
    proxy.reset();
    await listening(1);
    await storage.release('a', leaseId);
    await handed(second);
    proxy.set({});
    await until(() => first.news.some(({ type }) => type === 'ask'));
    const late = await wait(storage, 'a');
    expect((await refused(far.acquire(first.request))).ahead).toBe(0);
    await storage.release('a', second.request.leaseId);
    await handed(first);
    expect(late.news).toEqual([]);
  });

  test('a waiter that stands still keeps the lock no longer than its claim', async () => {
    const storage = storageOn(server);
    const leaseId = await held(storage);
    const still = await wait(storageOn(server), 'a', { claimMs: 1500 });
    await storage.release('a', leaseId);
    await handed(still);
    expect((await refused(storage.acquire(request('a')))).record?.leaseId).toBe(still.request.leaseId);
    await sleep(1600); // Longer than the claim: nobody renewed it.
    const { previous } = await granted(storage.acquire(request('a')));
    expect(previous?.expiredAt).toBeDefined();
  });

  test('who is handed a lock is told who had it, with which token, and when it was released', async () => {
    const storage = storageOn(server);
    const before = (await granted(storage.acquire(request('a')))).record;
    const waiter = await wait(storageOn(server), 'a');
    await storage.release('a', before.leaseId);
    const { previous, record, waiting } = await handed(waiter);
    expect(previous).toEqual({
      holder: before.holder,
      fencingToken: before.fencingToken,
      releasedAt: record.acquiredAt,
    });
    expect(waiting).toBe(0);
  });

  test('nobody barges in while somebody waits, although the lease of the holder ran out', async () => {
    const storage = storageOn(server);
    await granted(storage.acquire(request('a', { leaseMs: 1000 })));
    const waiter = await wait(storage, 'a');
    await sleep(1100); // Longer than the lease.
    const barger = await refused(storageOn(server).acquire(request('a')));
    const { record, previous } = await handed(waiter);
    expect(barger.record?.leaseId).toBe(record.leaseId);
    expect(previous?.expiredAt).toBeDefined();
  });

  test('a lock that somebody deleted by hand is free, and those in line still come in their order', async () => {
    const storage = storageOn(server);
    const leaseId = await held(storage);
    const waiter = await wait(storage, 'a');
    const second = await wait(storage, 'a');
    for (const name of (await admin(server, 'KEYS', 'lockscope:{*}:l:a')) as string[]) await admin(server, 'DEL', name);
    expect((await storage.renew('a', leaseId, 1000)).renewed).toBe(false);
    expect((await storage.release('a', leaseId)).released).toBe(false);
    await refused(storage.acquire(second.request));
    await handed(waiter);
    expect((await storage.read('a')).waiters.map((one) => one.leaseId)).toEqual([second.request.leaseId]);
    await storage.release('a', waiter.request.leaseId);
    await handed(second);
  });

  test('a process that may not subscribe still waits in line, and is held up once, not at each attempt', async () => {
    const rights = '~* &none +@all -subscribe'.split(' ');
    await admin(server, 'ACL', 'SETUSER', 'deaf', 'on', '>secret', ...rights);
    const client = new Redis({ port: server.port, username: 'deaf', password: 'secret' });
    const deaf = new RedisStorage({ client, subscribeTimeoutMs: 100 });
    later(() => client.disconnect());
    later(() => deaf.close());
    const leaseId = await held(storageOn(server));
    const waiter = await wait(deaf, 'a');
    const again = performance.now();
    for (let attempt = 0; attempt < 20; attempt += 1) await refused(deaf.acquire(waiter.request));
    expect(performance.now() - again, 'milliseconds, where twenty times the limit is 2,000').toBeLessThan(1500);
    await storageOn(server).release('a', leaseId);
    await refused(storageOn(server).acquire(request('a')));
    await granted(deaf.acquire(waiter.request));
  });

  test('who cannot be told yet is in line at once, and gets its turn when it can be told', async () => {
    const network = await startProxy(server.port);
    later(() => network.close());
    const client = new Redis({ port: network.port });
    later(() => client.disconnect());
    const late = new RedisStorage({ client, subscribeTimeoutMs: 60_000 });
    later(() => late.close());
    const storage = storageOn(server);
    const leaseId = await held(storage);
    await late.read('a');
    // Connections that are made now are refused, and so the subscription is; the one that is open works on.
    network.set({ down: true });
    const attempt = request('a', { waitMs: 60_000 });
    later(late.watch('a', attempt.leaseId, () => undefined));
    const answer = late.acquire(attempt);
    await until(async () => (await storage.read('a')).waiters.length === 1);
    const second = await wait(storage, 'a');
    await storage.release('a', leaseId);
    await refused(storage.acquire(second.request));
    network.set({});
    await granted(answer);
    await storage.release('a', attempt.leaseId);
    await handed(second);
  });

  test('over a client that the storage made who waits is written to before who releases', async () => {
    const url = `redis://127.0.0.1:${server.port}`;
    const [releases, waits] = [new RedisStorage({ url }), new RedisStorage({ url })];
    later(() => releases.close());
    later(() => waits.close());
    const heard: string[] = [];
    const listener = new Redis({ port: server.port });
    later(() => listener.disconnect());
    listener.on('pmessage', (_, __, text: string) => heard.push(text.split(' ')[0] ?? ''));
    await listener.psubscribe('lockscope:news:*');
    const leaseId = await held(releases);
    // It has waited itself, so it listens; Redis writes last to whom it had something to say first.
    const other = await held(waits, 'b');
    const before = await wait(releases, 'b');
    await waits.release('b', other);
    await handed(before);
    const waiter = await wait(waits, 'a');
    heard.length = 0;
    await releases.release('a', leaseId);
    await handed(waiter);
    await until(() => heard.includes('granted'));
    expect(heard).toEqual(['', 'granted']);
  });

  test('a share is handed to all at the head of the line that may have it, in one step', async () => {
    const storage = storageOn(server);
    const leaseId = await held(storage);
    const readers = [await wait(storage, 'a', { share: Infinity }), await wait(storage, 'a', { share: Infinity })];
    const writer = await wait(storage, 'a');
    const late = await wait(storage, 'a', { share: Infinity });
    await storage.release('a', leaseId);
    for (const reader of readers) await handed(reader);
    expect([writer.news, late.news]).toEqual([[], []]);
    const state = await storage.read('a');
    expect([state.record?.leaseId, ...(state.sharers ?? []).map((one) => one.leaseId)]).toEqual(
      readers.map((one) => one.request.leaseId),
    );
    for (const reader of readers) await storage.release('a', reader.request.leaseId);
    await handed(writer);
  });

  describe.each([
    ['ioredis', ioredisClient],
    ['node-redis', nodeRedisClient],
  ])('with %s', (_, connect) => {
    test('after a restart of the server who waits is told to ask', async () => {
      const { client, end } = await connect(server);
      const storage = new RedisStorage({ client });
      later(async () => {
        await storage.close();
        await end();
      });
      await held(storage);
      const waiter = await wait(storage, 'a');
      await server.restart();
      await until(() => waiter.news.some(({ type }) => type === 'ask'));
      await until(async () => (await storage.acquire(waiter.request).catch(() => undefined))?.acquired === true);
    });
  });
});
