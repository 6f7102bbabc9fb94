import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { admin, closesAfterEach, granted, handed, refused, request, storageOn, until, wait } from './clients.ts';

let server: RedisTestServer;
closesAfterEach();

async function keys(): Promise<string[]> {
  return ((await admin(server, 'KEYS', 'lockscope:*')) as string[]).filter((name) => !name.endsWith(':token'));
}

async function setCounters(token: number): Promise<void> {
  for (const name of (await admin(server, 'KEYS', 'lockscope:{*}:token')) as string[])
    await admin(server, 'SET', name, String(token));
}

describeWith('redis-server', 'the line', () => {
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(() => admin(server, 'FLUSHALL'));

  test('who asks again stands in it once, at its place, since the first time', async () => {
    const storage = storageOn(server);
    await granted(storage.acquire(request('a')));
    const first = await wait(storage, 'a', { waitedMs: 5000 });
    const second = await wait(storage, 'a');
    const before = (await storage.read('a')).waiters;
    expect((await refused(storage.acquire(first.request))).ahead).toBe(0);
    expect((await refused(storageOn(server).acquire(second.request))).ahead).toBe(1);
    expect((await storage.read('a')).waiters).toEqual(before);
    expect(before.map(({ leaseId }) => leaseId)).toEqual([first.request.leaseId, second.request.leaseId]);
  });

  test('who did not ask for too long is passed over, although its process listens', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const late = await wait(storage, 'a', { waitMs: 200 });
    const next = await wait(storage, 'a');
    await sleep(250); // Longer than the first one's time.
    await storage.release('a', record.leaseId);
    await handed(next);
    expect(late.news).toEqual([]);
  });

  test('keeps the place of one that is about to wait, from its first question on', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const first = request('a', { placeMs: 10_000 });
    expect((await refused(storage.acquire(first))).ahead).toBe(0);
    const second = await wait(storage, 'a');
    expect((await storage.read('a')).waiters?.map(({ leaseId }) => leaseId)).toEqual([
      first.leaseId,
      second.request.leaseId,
    ]);
    // The lock is kept for it until it asks.
    await storage.release('a', record.leaseId);
    expect(second.news).toEqual([]);
    await granted(storage.acquire({ ...first, waitMs: 10_000 }));
    await storage.release('a', first.leaseId);
    await handed(second);
  });

  test('keeps that place no longer than placeMs, nor for one that leaves', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const gone = request('a', { placeMs: 10_000 });
    await refused(storage.acquire(gone));
    await refused(storage.acquire(request('a', { placeMs: 100 })));
    const next = await wait(storage, 'a');
    await storage.leave('a', gone.leaseId);
    await sleep(150); // Longer than the other's place is kept.
    await storage.release('a', record.leaseId);
    await handed(next);
  });

  test('leaves nothing behind when it was served, and ends by itself when everybody in it died', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const waiter = await wait(storage, 'a', { waitMs: 10_000 });
    const second = await wait(storage, 'a', { waitMs: 100_000 });
    const left = await keys();
    expect(left.length).toBeGreaterThan(1);
    for (const name of left) {
      const ttl = Number(await admin(server, 'PTTL', name));
      expect(ttl, `milliseconds that ${name} stays`).toBeGreaterThan(99_000);
      expect(ttl).toBeLessThan(1_000_000);
    }
    await storage.release('a', record.leaseId);
    await handed(waiter);
    await storage.release('a', waiter.request.leaseId);
    await handed(second);
    await storage.release('a', second.request.leaseId);
    expect(await keys()).toEqual([]);
  });

  test('stays on record as long as those in it may, also when it was empty meanwhile', async () => {
    const storage = storageOn(server);
    let holder = (await granted(storage.acquire(request('a')))).record.leaseId;
    for (let turn = 0; turn < 3; turn += 1) {
      const next = await wait(storage, 'a', { waitMs: 50_000 });
      for (const name of await keys()) expect(Number(await admin(server, 'PTTL', name))).toBeGreaterThan(49_000);
      await storage.release('a', holder);
      await handed(next);
      holder = next.request.leaseId;
    }
  });

  test('hands on tokens that rise, also when the clock of the server went back', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const first = await wait(storage, 'a', { spareTokens: 10 });
    const second = await wait(storage, 'a');
    const ahead = record.fencingToken + 3_600_000_000;
    await setCounters(ahead);
    await storage.release('a', record.leaseId);
    expect((await handed(first)).record.fencingToken).toBe(ahead + 1);
    expect((await storage.read('a')).record?.fencingToken).toBe(ahead + 1);
    await storage.release('a', first.request.leaseId);
    expect((await handed(second)).record.fencingToken, 'behind ten that were kept free').toBe(ahead + 12);
  });

  test('keeps free the tokens that a waiter asked for when the lock is handed to it', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const first = await wait(storage, 'a', { spareTokens: 1_000_000_000 });
    const second = await wait(storage, 'a');
    await storage.release('a', record.leaseId);
    const token = (await handed(first)).record.fencingToken;
    await storage.release('a', first.request.leaseId);
    expect((await handed(second)).record.fencingToken).toBe(token + 1_000_000_001);
  });

  test('a lease that was handed the lock shows the same record to itself and to all others', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const waiter = await wait(storage, 'a', { claimMs: 20_000 });
    await storage.release('a', record.leaseId);
    const result = await handed(waiter);
    expect((await storageOn(server).read('a')).record).toEqual(result.record);
    expect(result.record.expiresAt - result.record.acquiredAt).toBe(20_000);
    expect((await granted(storage.acquire(waiter.request))).record.fencingToken).toBe(result.record.fencingToken);
  });

  test('who watches a lease that another part of its process asks for is told to ask', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const waiter = await wait(storage, 'a');
    waiter.stop();
    const news: string[] = [];
    const stop = storage.watch('a', waiter.request.leaseId, ({ type }) => news.push(type));
    await storage.release('a', record.leaseId);
    await until(() => news.length > 0);
    expect(news).toEqual(['ask']);
    await granted(storage.acquire(waiter.request));
    stop();
  });

  test('a record that is damaged is handed to nobody, and who asks is told so', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const waiter = await wait(storage, 'a');
    const [name = ''] = (await keys()).filter((each) => each.includes(':l:'));
    await admin(server, 'SET', name, '!what is this');
    await expect(storage.release('a', record.leaseId)).rejects.toMatchObject({ name: 'ForeignRecordError' });
    await expect(storage.acquire(request('a', { waitMs: 1000 }))).rejects.toMatchObject({ name: 'ForeignRecordError' });
    expect(waiter.news).toEqual([]);
  });
});
