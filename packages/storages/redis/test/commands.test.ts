import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { admin, closesAfterEach, granted, handed, request, storageOn, until, wait } from './clients.ts';

let server: RedisTestServer;
closesAfterEach();

/** The commands that clients send while it runs, with what belongs to connections left out. */
async function sentDuring(work: () => Promise<unknown>): Promise<string[]> {
  await admin(server, 'CONFIG', 'RESETSTAT');
  await work();
  const stats = String(await admin(server, 'INFO', 'commandstats'));
  const called = [...stats.matchAll(/cmdstat_(\w+)(?:\|\w+)?:calls=(\d+)/g)];
  return called.flatMap(([, name = '', calls]) =>
    ['eval', 'evalsha', 'subscribe', 'script'].includes(name) ? Array<string>(Number(calls)).fill(name) : [],
  );
}

describeWith('redis-server', 'what is sent', () => {
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(() => admin(server, 'FLUSHALL'));

  test('one command for an acquire and one for a release, nothing else', async () => {
    const storage = storageOn(server);
    const cycle = async (): Promise<void> => {
      const { record } = await granted(storage.acquire(request('a', { waitMs: 1000, spareTokens: 16 })));
      await storage.release('a', record.leaseId);
    };
    await cycle();
    expect(await sentDuring(cycle)).toEqual(['evalsha', 'evalsha']);
  });

  test('a server that does not know a script is sent its source, once', async () => {
    const storage = storageOn(server);
    await storage.read('a');
    await admin(server, 'SCRIPT', 'FLUSH');
    expect((await sentDuring(() => storage.read('a'))).toSorted()).toEqual(['eval', 'evalsha']);
    expect(await sentDuring(() => storage.read('a'))).toEqual(['evalsha']);
  });

  test('a waiter sends one command to get in line, and none to get the lock: the release hands it over', async () => {
    const [first, second] = [storageOn(server), storageOn(server)];
    const warm = await granted(first.acquire(request('a')));
    const waiter = await wait(second, 'a');
    await first.release('a', warm.record.leaseId);
    await handed(waiter);
    await second.release('a', waiter.request.leaseId);

    const { record } = await granted(first.acquire(request('a')));
    let next: Awaited<ReturnType<typeof wait>> | undefined;
    const sent = await sentDuring(async () => {
      next = await wait(second, 'a');
      await first.release('a', record.leaseId);
      await handed(next);
    });
    expect(sent, 'the attempt of the waiter, and the release of the holder').toEqual(['evalsha', 'evalsha']);
    expect((await second.read('a')).record?.leaseId).toBe(next?.request.leaseId);
  });

  test('ten in line are served with two commands each', async () => {
    const storages = [storageOn(server), storageOn(server)] as const;
    const { record } = await granted(storages[0].acquire(request('a')));
    await granted(storages[0].acquire(request('warm')));
    for (const storage of storages) await wait(storage, 'warm');
    const sent = await sentDuring(async () => {
      const line = [];
      for (let index = 0; index < 10; index += 1) line.push(await wait(storages[index % 2 === 0 ? 0 : 1], 'a'));
      await storages[0].release('a', record.leaseId);
      for (const waiter of line) {
        await handed(waiter);
        await storages[1].release('a', waiter.request.leaseId);
      }
    });
    expect(sent.length, 'ten to get in line, eleven to release').toBe(21);
  });

  test('ten thousand renewals are a few dozen commands', async () => {
    const storage = storageOn(server);
    const records = await Promise.all(
      Array.from(
        { length: 10_000 },
        async (_, index) => (await granted(storage.acquire(request(`key/${index}`)))).record,
      ),
    );
    let answers = await storage.renewMany([]);
    await storage.renewMany(records.slice(0, 1).map(({ key, leaseId }) => ({ key, leaseId, leaseMs: 90_000 })));
    const sent = await sentDuring(async () => {
      answers = await storage.renewMany(records.map(({ key, leaseId }) => ({ key, leaseId, leaseMs: 90_000 })));
    });
    expect(answers.filter((answer) => 'renewed' in answer && answer.renewed).length).toBe(10_000);
    expect(sent.length).toBeLessThanOrEqual(50);
    const { record, storageNow } = await storage.read('key/9999');
    expect((record?.expiresAt ?? 0) - storageNow).toBeGreaterThan(80_000);
  });

  test('one connection more while somebody watches, however many, and none when nobody does', async () => {
    const storage = storageOn(server, { lingerMs: 50 });
    const connections = async (): Promise<number> =>
      Number(/connected_clients:(\d+)/.exec(String(await admin(server, 'INFO', 'clients')))?.[1]);
    const channels = async (): Promise<number> => ((await admin(server, 'PUBSUB', 'CHANNELS', '*')) as string[]).length;
    await granted(storage.acquire(request('a')));
    await storage.read('a');
    const before = await connections();
    expect(await channels()).toBe(0);
    const waiters = await Promise.all(Array.from({ length: 20 }, () => wait(storage, 'a')));
    expect([await connections(), await channels()]).toEqual([before + 1, 1]);
    for (const { stop } of waiters.slice(1)) stop();
    expect(await channels()).toBe(1);
    waiters[0]?.stop();
    waiters[0]?.stop();
    await until(async () => (await channels()) === 0 && (await connections()) === before);
    const again = await wait(storage, 'a');
    expect(await channels()).toBe(1);
    again.stop();
    await storage.close();
    await until(async () => (await channels()) === 0);
  });
});
