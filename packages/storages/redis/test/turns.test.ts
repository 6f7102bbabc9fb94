import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { RedisStorage } from '../src/index.ts';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { admin, closesAfterEach, granted, handed, ioredisClient, request, storageOn, until, wait } from './clients.ts';

let server: RedisTestServer;
closesAfterEach();

/** The names of the lists of past turns. */
async function lists(): Promise<string[]> {
  return ((await admin(server, 'KEYS', 'lockscope:{*}:h:*')) as string[]).toSorted();
}

describeWith('redis-server', 'past turns', () => {
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(() => admin(server, 'FLUSHALL'));

  test('of a line in which nobody asks for them are not kept', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const [first, second] = [await wait(storage, 'a'), await wait(storage, 'a')];
    await storage.release('a', record.leaseId);
    expect('turns' in (await handed(first))).toBe(false);
    await storage.release('a', first.request.leaseId);
    await handed(second);
    expect(await lists()).toEqual([]);
  });

  test('last as long as the line, and are gone with the last who was in it', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const asks = await wait(storage, 'a', { waitMs: 30_000, turns: true });
    const quiet = await wait(storage, 'a', { waitMs: 10_000 });
    const [name = ''] = await lists();
    const ttl = Number(await admin(server, 'PTTL', name));
    expect(ttl, 'longer than whoever asks is waited for').toBeGreaterThan(30_000);
    expect(ttl, 'and not for ever').toBeLessThan(300_000);
    await storage.release('a', record.leaseId);
    await handed(asks);
    await storage.release('a', asks.request.leaseId);
    await handed(quiet);
    await storage.release('a', quiet.request.leaseId);
    expect(await lists()).toEqual([]);
  });

  test('are no command more: of ten in line who ask, each sends two', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const line = [];
    for (let index = 0; index < 10; index += 1) line.push(await wait(storage, 'a', { turns: true }));
    await admin(server, 'CONFIG', 'RESETSTAT');
    let leaseId = record.leaseId;
    const tokens = [record.fencingToken];
    for (const waiter of line) {
      await storage.release('a', leaseId);
      const { turns = [], record: mine } = await handed(waiter);
      expect(turns.map(({ fencingToken }) => fencingToken)).toEqual(tokens);
      tokens.push(mine.fencingToken);
      ({ leaseId } = waiter.request);
    }
    const stats = String(await admin(server, 'INFO', 'commandstats'));
    expect(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1], 'the releases, each of which hands over').toBe('10');
  });

  test('have one who held once, also when the first in line is passed over because its process is gone', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const died = ioredisClient(server);
    const gone = new RedisStorage({ client: died.client });
    await wait(gone, 'a', { turns: true });
    await gone.close();
    await died.end();
    await until(async () => ((await admin(server, 'PUBSUB', 'CHANNELS', '*')) as string[]).length === 0);
    const alive = await wait(storage, 'a', { turns: true });
    await storage.release('a', record.leaseId);
    const { turns = [] } = await handed(alive);
    expect(turns.map(({ fencingToken }) => fencingToken)).toEqual([record.fencingToken]);
  });

  test('are sixteen at most, however many had the lock', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const line = [];
    for (let index = 0; index < 20; index += 1) line.push(await wait(storage, 'a', { turns: index === 19 }));
    let { leaseId } = record;
    for (const waiter of line) {
      await storage.release('a', leaseId);
      ({ leaseId } = waiter.request);
    }
    const [name = ''] = await lists();
    expect(await admin(server, 'LLEN', name)).toBe(16);
    const tokens = await Promise.all(line.map(async (waiter) => (await handed(waiter)).record.fencingToken));
    const { turns = [] } = await handed(line.at(-1) as (typeof line)[number]);
    expect(turns.map(({ fencingToken }) => fencingToken)).toEqual(tokens.slice(-17, -1));
  });

  test('that cannot be read are left out', async () => {
    const storage = storageOn(server);
    const { record } = await granted(storage.acquire(request('a')));
    const asks = await wait(storage, 'a', { turns: true });
    const [name = ''] = await lists();
    for (const text of ['of somebody else', 'r9999999999999 1 = {"ownerId":', 'x9999999999999 0 5 {"ownerId":"x"}'])
      await admin(server, 'RPUSH', name, text);
    await storage.release('a', record.leaseId);
    expect((await handed(asks)).turns).toMatchObject([{ fencingToken: record.fencingToken, holder: record.holder }]);
  });
});
