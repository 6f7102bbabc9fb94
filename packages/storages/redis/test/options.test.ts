import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Redis } from 'ioredis';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { RedisOptionsError, RedisStorage, type RedisStorageOptions } from '../src/index.ts';
import { bucketOf } from '../src/key-names.ts';
import { admin, closesAfterEach, granted, handed, later, request, storageOn, wait } from './clients.ts';

function problemsOf(options: unknown): readonly string[] {
  try {
    void new RedisStorage(options as RedisStorageOptions);
  } catch (error) {
    if (error instanceof RedisOptionsError) return error.problems;
    throw error;
  }
  return [];
}

describe('options', () => {
  test('all that is wrong is told at once, with the value and the bound', () => {
    const options = {
      url: 'http://a',
      prefix: 'a{b',
      lingerMs: -1,
      subscribeTimeoutMs: NaN,
      commandTimeoutMs: 0,
      driver: 'x',
      hots: 1,
    };
    expect(problemsOf(options)).toEqual([
      expect.stringMatching(/there is no option "hots"; known are client, url, driver, prefix/),
      expect.stringMatching(/url must be redis:/),
      'driver must be ioredis or redis, got x',
      expect.stringMatching(/prefix must be 1 to 64 characters without braces.*"a\{b"/),
      'lingerMs must be from 0 to 2147483647, got -1',
      'subscribeTimeoutMs must be from 0 to 2147483647, got NaN',
      'commandTimeoutMs must be from 1 to 2147483647, got 0',
    ]);
    expect(new RedisOptionsError(['x'])).toMatchObject({ code: 'INVALID_OPTIONS', name: 'RedisOptionsError' });
  });

  test('a password in a wrong url is not told', () => {
    expect(problemsOf({ url: 'rediss//me:secret@host' }).join()).not.toContain('secret');
  });

  test.each([
    [undefined],
    [null],
    [{}],
    [{ client: {} }],
    [{ client: 'redis' }],
    [{ client: undefined, url: undefined }],
  ])('neither a client nor a url is a problem: %j', (options) => expect(problemsOf(options).length).toBeGreaterThan(0));

  test('a client and a url, or a timeout for a client that has its own, are one too many', () => {
    const client = new Redis({ lazyConnect: true });
    expect(problemsOf({ client, url: 'redis://a' }).join()).toMatch(/either a client or a url/);
    expect(problemsOf({ client, driver: 'redis' }).join()).toMatch(/a client is one already/);
    expect(problemsOf({ client, commandTimeoutMs: 1 }).join()).toMatch(/a client has its own/);
  });
});

let server: RedisTestServer;
closesAfterEach();

describeWith('redis-server', 'prefixes', () => {
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  test('locks under different prefixes have nothing to do with each other', async () => {
    const [one, two] = [storageOn(server, { prefix: 'one' }), storageOn(server, { prefix: 'two*?' })];
    const { record } = await granted(one.acquire(request('a')));
    await granted(two.acquire(request('a')));
    const listed = [];
    for await (const state of one.list()) listed.push(state.record);
    expect(listed).toEqual([record]);
    await two.forceRelease('a');
    expect((await one.read('a')).record).toEqual(record);
  });

  test('a keyPrefix of the client comes before all: locks, the line, the list and news work', async () => {
    const client = new Redis({ port: server.port, keyPrefix: 'app[1]:' });
    const storage = new RedisStorage({ client });
    later(() => client.disconnect());
    later(() => storage.close());
    const { record } = await granted(storage.acquire(request('a/1')));
    const waiter = await wait(storage, 'a/1');
    const keys = [];
    for await (const state of storage.list({ prefix: 'a/' })) keys.push([state.record.key, state.waiters.length]);
    expect(keys).toEqual([['a/1', 1]]);
    await storage.release('a/1', record.leaseId);
    expect((await handed(waiter)).record.key).toBe('a/1');
    const names = (await admin(server, 'KEYS', '*')) as string[];
    expect(names.filter((name) => name.endsWith(':l:a/1') && name.startsWith('app[1]:lockscope:'))).toHaveLength(1);
  });

  test('a key is in the same bucket for every process and every version', () => {
    expect(['', 'a', 'orders/42', '漢字', 'k'.repeat(512)].map(bucketOf)).toEqual(buckets);
  });
});

/** Must never change: processes of two versions would not see each other's locks. */
const buckets = [217, 32, 186, 196, 3];
