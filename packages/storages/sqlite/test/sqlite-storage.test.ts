import { describe, expect, test } from 'vitest';
import { systemClock } from '@lockscope/storage';
import { SqliteStorage, type SqliteStorageOptions } from '../src/index.ts';
import { newPath, openPlain, openStorage } from './files.ts';
import { ManualClock } from './manual-clock.ts';
import { collect, request, taken } from '../../../../test/support/requests.ts';

describe('a possession', () => {
  test('is told in full to who acquires, reads and lists', async () => {
    const clock = new ManualClock();
    const storage = openStorage({ path: newPath(), clock });
    const holder = {
      ownerId: 'o',
      host: 'h',
      pid: 7,
      service: 's',
      operation: 'op',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    };
    const storageNow = clock.now();
    const record = {
      key: 'orders/42',
      leaseId: 'l1',
      holder,
      fencingToken: 1,
      acquiredAt: storageNow,
      expiresAt: storageNow + 10_000,
    };
    expect(await storage.acquire(request('orders/42', 'l1', { holder }))).toEqual({
      acquired: true,
      record,
      previous: undefined,
      storageNow,
    });
    expect(await storage.read('orders/42')).toEqual({ record, waiters: [], storageNow });
    expect(await collect(storage.list())).toEqual([{ record, waiters: [], storageNow }]);
    expect(await storage.acquire(request('orders/42', 'l2'))).toEqual({
      acquired: false,
      record,
      ahead: 0,
      storageNow,
    });
  });

  test('is the same one when a lost reply makes the caller ask again', async () => {
    const clock = new ManualClock();
    const storage = openStorage({ path: newPath(), clock });
    await taken(storage, 'k', 'before');
    await storage.release('k', 'before');
    const first = await storage.acquire(request('k', 'l1'));
    clock.advance(4000);
    const again = await storage.acquire(request('k', 'l1'));
    expect(again).toMatchObject({ acquired: true, record: { fencingToken: 2, expiresAt: clock.now() + 10_000 } });
    expect(again).toMatchObject({
      record: { acquiredAt: clock.now() - 4000 },
      previous: (first as { previous: object }).previous,
    });
  });

  test('that is over stays over: no renewal and no release brings it back', async () => {
    const clock = new ManualClock();
    const storage = openStorage({ path: newPath(), clock });
    await taken(storage, 'k', 'l1');
    clock.advance(10_000);
    expect(await storage.renew('k', 'l1', 10_000)).toEqual({
      renewed: false,
      record: undefined,
      forced: false,
      storageNow: clock.now(),
    });
    expect(await storage.release('k', 'l1')).toMatchObject({ released: false });
    expect(await taken(storage, 'k', 'l1')).toMatchObject({ fencingToken: 2 });
  });

  test('lasts one renewal longer with each renewal, under the same token', async () => {
    const clock = new ManualClock();
    const storage = openStorage({ path: newPath(), clock });
    await taken(storage, 'k', 'l1');
    clock.advance(9_999);
    expect(await storage.renew('k', 'l1', 10_000)).toEqual({
      renewed: true,
      expiresAt: clock.now() + 10_000,
      storageNow: clock.now(),
    });
    clock.advance(9_999);
    expect((await storage.read('k')).record).toMatchObject({ leaseId: 'l1', fencingToken: 1 });
  });

  test('names who came before, and how that ended', async () => {
    const clock = new ManualClock();
    const storage = openStorage({ path: newPath(), clock });
    await taken(storage, 'k', 'l1', { holder: { ownerId: 'a', pid: 1 } });
    clock.advance(10);
    await storage.release('k', 'l1');
    const releasedAt = clock.now();
    clock.advance(5);
    expect(await storage.acquire(request('k', 'l2', { holder: { ownerId: 'b' } }))).toMatchObject({
      previous: { holder: { ownerId: 'a', pid: 1 }, fencingToken: 1, releasedAt },
    });
    clock.advance(20_000);
    const { previous } = (await storage.acquire(request('k', 'l3'))) as { previous: object };
    expect(previous).toEqual({ holder: { ownerId: 'b' }, fencingToken: 2, expiredAt: releasedAt + 5 + 10_000 });
  });

  test('is ended by force with the record that it had, once', async () => {
    const storage = openStorage({ path: newPath(), clock: new ManualClock() });
    const record = await taken(storage, 'k', 'l1');
    expect(await storage.forceRelease('k')).toEqual(record);
    expect(await storage.forceRelease('k')).toBeUndefined();
    expect(await storage.renew('k', 'l1', 1000)).toMatchObject({ renewed: false, record: undefined });
  });
});

describe('fencing tokens', () => {
  test('rise strictly over 1,000 possessions with releases, expiries, force, sweeps and reopening between them', async () => {
    const clock = new ManualClock();
    const path = newPath();
    let storage = openStorage({ path, clock });
    let last = 0;
    for (let n = 1; n <= 1000; n += 1) {
      const { fencingToken } = await taken(storage, 'k', `l${n}`);
      expect(fencingToken).toBeGreaterThan(last);
      last = fencingToken;
      if (n % 4 === 0) clock.advance(10_001);
      else if (n % 4 === 1) await storage.forceRelease('k');
      else await storage.release('k', `l${n}`);
      clock.advance(1);
      if (n % 10 === 0) expect(await storage.sweep({ olderThanMs: 0 })).toBe(1);
      if (n % 100 !== 0) continue;
      await storage.close();
      storage = openStorage({ path, clock });
    }
  });

  test('of a key that was swept start above those of all keys that were swept', async () => {
    const clock = new ManualClock();
    const storage = openStorage({ path: newPath(), clock });
    for (let n = 0; n < 5; n += 1) {
      await taken(storage, 'busy', `l${n}`);
      await storage.release('busy', `l${n}`);
    }
    await taken(storage, 'quiet', 'q');
    await storage.release('quiet', 'q');
    expect(await storage.sweep({ olderThanMs: 0 })).toBe(2);
    expect(await taken(storage, 'quiet', 'q2')).toMatchObject({ fencingToken: 6 });
    expect(await taken(storage, 'never seen', 'n')).toMatchObject({ fencingToken: 6 });
  });
});

describe('sweep', () => {
  test('keeps what is held, what is wanted and what ended a short while ago', async () => {
    const clock = new ManualClock();
    const path = newPath();
    const storage = openStorage({ path, clock });
    for (const key of ['held', 'wanted', 'recent', 'old']) await taken(storage, key, key, { leaseMs: 100_000 });
    await storage.acquire(request('wanted', 'w', { waitMs: 100_000 }));
    await storage.release('old', 'old');
    await storage.release('wanted', 'wanted');
    clock.advance(60_000);
    await storage.release('recent', 'recent');
    expect(await storage.sweep({ olderThanMs: 60_000 })).toBe(1);
    const rows = openPlain(path).prepare('SELECT key FROM lockscope_locks ORDER BY key').all() as { key: string }[];
    expect(rows.map(({ key }) => key)).toEqual(['held', 'recent', 'wanted']);
    await expect(storage.sweep({ olderThanMs: -1 })).rejects.toThrow(/olderThanMs must be at least 0/);
  });

  test('goes through any number of keys', async () => {
    const clock = new ManualClock();
    const storage = openStorage({ path: newPath(), clock });
    for (let n = 0; n < 1201; n += 1) {
      await taken(storage, `k${n}`, 'l');
      await storage.release(`k${n}`, 'l');
    }
    expect(await storage.sweep({ olderThanMs: 0 })).toBe(1201);
  });
});

describe('list', () => {
  test('gives every held lock in the order of keys, over many pages, and only those of the prefix', async () => {
    const clock = new ManualClock();
    const storage = openStorage({ path: newPath(), clock });
    const keys = Array.from({ length: 250 }, (_, n) => `orders/${String(n).padStart(3, '0')}`);
    for (const key of [...keys, 'a', 'orders', 'users/1']) await taken(storage, key, 'l');
    await taken(storage, 'orders/gone', 'l');
    await storage.release('orders/gone', 'l');
    const listed = async (prefix?: string): Promise<string[]> =>
      (await collect(storage.list(prefix === undefined ? {} : { prefix }))).map(({ record }) => record.key);
    expect(await listed('orders/')).toEqual(keys);
    expect(await listed()).toEqual(['a', 'orders', ...keys, 'users/1']);
    expect(await listed('nobody')).toEqual([]);
    clock.advance(10_000);
    expect(await listed()).toEqual([]);
  });

  test('may be left half way', async () => {
    const storage = openStorage({ path: newPath() });
    for (let n = 0; n < 150; n += 1) await taken(storage, `k${n}`, 'l');
    for await (const { record } of storage.list()) if (record.key === 'k1') break;
    expect(await storage.release('k1', 'l')).toEqual({ released: true });
  });
});

describe('keys', () => {
  const odd = [
    '',
    ' ',
    'a',
    'A',
    'á',
    'a\u0301',
    'k\0',
    'k\0z',
    'k',
    '\u0010',
    '\u00100000',
    '\0',
    '🔒',
    '\ud83d',
    '\ud83e',
    "'; DROP TABLE x",
    '%',
    '_',
    'x'.repeat(512),
  ];

  test('that differ in anything are different locks, and come back as they were', async () => {
    const storage = openStorage({ path: newPath() });
    for (const key of odd)
      expect(await taken(storage, key, 'l'), JSON.stringify(key)).toMatchObject({ key, fencingToken: 1 });
    const listed = await collect(storage.list());
    expect(listed.map(({ record }) => record.key).toSorted()).toEqual(odd.toSorted());
    for (const key of odd) expect(await storage.release(key, 'l'), JSON.stringify(key)).toEqual({ released: true });
  });

  test('are found by any prefix of them', async () => {
    const storage = openStorage({ path: newPath() });
    for (const key of ['k\0a', 'k\0b', 'k', '🔒1', '🔑2']) await taken(storage, key, 'l');
    const listed = async (prefix: string): Promise<string[]> =>
      (await collect(storage.list({ prefix }))).map(({ record }) => record.key);
    expect(await listed('k\0')).toEqual(['k\0a', 'k\0b']);
    expect(await listed('🔒')).toEqual(['🔒1']);
    expect(await listed('\ud83d')).toEqual(['🔑2', '🔒1']);
    for (let n = 100; n < 250; n += 1) await taken(storage, `🔒${n}`, 'l');
    expect(await listed('\ud83d')).toHaveLength(152);
  });
});

describe('a closed storage', () => {
  test('refuses everything with a typed error, also twice closed', async () => {
    const storage = new SqliteStorage({ path: newPath() });
    await taken(storage, 'k', 'l');
    await storage.close();
    await storage.close();
    const closed = { code: 'STORAGE_CLOSED' };
    await expect(storage.acquire(request('k', 'l'))).rejects.toMatchObject(closed);
    await expect(storage.renew('k', 'l', 1)).rejects.toMatchObject(closed);
    await expect(storage.release('k', 'l')).rejects.toMatchObject(closed);
    await expect(storage.leave('k', 'l')).rejects.toMatchObject(closed);
    await expect(storage.forceRelease('k')).rejects.toMatchObject(closed);
    await expect(storage.read('k')).rejects.toMatchObject(closed);
    await expect(storage.sweep()).rejects.toMatchObject(closed);
    await expect(collect(storage.list())).rejects.toMatchObject(closed);
  });
});

describe('options', () => {
  const wrong = (options: unknown): unknown => {
    try {
      return new SqliteStorage(options as SqliteStorageOptions);
    } catch (error) {
      return (error as { code?: string; problems?: readonly string[] }).problems ?? error;
    }
  };

  test('are checked at once, with every problem in one error', () => {
    expect(wrong({ path: ':memory:', busyTimeoutMs: -1, clock: systemClock, pth: 1 })).toEqual([
      expect.stringContaining('"pth"'),
      expect.stringContaining('MemoryStorage'),
      'busyTimeoutMs must be from 0 to 2147483647, got -1',
      expect.stringContaining('systemClock'),
    ]);
    expect(wrong(undefined)).toEqual(['give a path or a database']);
    expect(wrong({})).toEqual(['give either a path or a database']);
    expect(wrong({ path: '' })).toEqual([expect.stringContaining('name of a file')]);
    expect(wrong({ path: 'https://example.com/x.db' })).toEqual([expect.stringContaining('not a URL')]);
    expect(wrong({ path: 'x.db', driver: 'sqlite3' })).toEqual([expect.stringContaining('got sqlite3')]);
    expect(wrong({ database: {}, driver: 'libsql' })).toEqual([
      expect.stringContaining('prepare() and exec()'),
      expect.stringContaining('driver goes with a path'),
    ]);
  });

  test('that fit open nothing yet', () => {
    expect(() => new SqliteStorage({ path: '/no such folder/locks.db' })).not.toThrow();
  });
});
