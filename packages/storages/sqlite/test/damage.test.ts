import { describe, expect, test } from 'vitest';
import { newPath, openPlain, openStorage } from './files.ts';
import { ManualClock } from './manual-clock.ts';
import { collect, request, taken } from '../../../../test/support/requests.ts';

const foreign = { code: 'FOREIGN_RECORD', key: 'k' };

describe('a row that is not one of Lockscope', () => {
  const damages: Readonly<Record<string, string>> = {
    'a holder that is not JSON': "holder = 'not json'",
    'a holder that is cut off': 'holder = substr(holder, 1, 9)',
    'a holder of another kind': "holder = '[1,2]'",
    'a holder without an owner': `holder = '{"host":"h"}'`,
    'a holder whose owner is a number': `holder = '{"ownerId":7}'`,
    'a huge holder': `holder = '{"ownerId":"' || replace(hex(zeroblob(1000000)), '0', 'x') || '"}'`,
    'a token below 1': 'token = -1',
    'a token that no number can hold': 'token = 9223372036854775807',
    'a lease without an end': 'ends_at = 9e999',
  };

  for (const [what, change] of Object.entries(damages)) {
    test(`with ${what} is told by name, frees nobody's lock and is left as it is`, async () => {
      const clock = new ManualClock();
      const path = newPath();
      const storage = openStorage({ path, clock });
      await taken(storage, 'k', 'holder');
      await taken(storage, 'other', 'holder');
      const plain = openPlain(path);
      plain.exec('PRAGMA ignore_check_constraints = 1');
      plain.exec(`UPDATE lockscope_locks SET ${change} WHERE key = 'k'`);
      const row = (): unknown =>
        plain
          .prepare("SELECT quote(holder), quote(token), quote(ends_at), released FROM lockscope_locks WHERE key = 'k'")
          .all();
      const before = row();
      await expect(storage.acquire(request('k', 'new'))).rejects.toMatchObject(foreign);
      await expect(storage.acquire(request('k', 'new', { waitMs: 1000 }))).rejects.toMatchObject(foreign);
      await expect(storage.read('k')).rejects.toMatchObject(foreign);
      await expect(storage.renew('k', 'new', 1000)).rejects.toMatchObject(foreign);
      await expect(storage.release('k', 'new')).rejects.toMatchObject(foreign);
      await expect(storage.forceRelease('k')).rejects.toMatchObject(foreign);
      expect(row()).toEqual(before);
      expect((await collect(storage.list())).map(({ record }) => record.key)).toEqual(['other']);
      expect(plain.prepare('SELECT count(*) AS n FROM lockscope_waiters').get()).toMatchObject({ n: 0 });
    });
  }

  test('cannot be written by who keeps to the rules of the table', async () => {
    const path = newPath();
    await taken(openStorage({ path }), 'k', 'holder');
    const plain = openPlain(path);
    for (const change of [
      ...Object.values(damages).slice(0, 1),
      ...Object.values(damages).slice(5, 8),
      "token = 'many'",
      "ends_at = 'soon'",
      'released = 2',
      'lease_id = NULL',
    ]) {
      expect(() => plain.exec(`UPDATE lockscope_locks SET ${change}`), change).toThrow();
    }
  });

  test('that has ended does not stand in the way of the next, which is told of no predecessor', async () => {
    const clock = new ManualClock();
    const path = newPath();
    const storage = openStorage({ path, clock });
    await taken(storage, 'k', 'holder');
    await storage.release('k', 'holder');
    const plain = openPlain(path);
    plain.exec('PRAGMA ignore_check_constraints = 1');
    plain.exec("UPDATE lockscope_locks SET holder = 'not json'");
    expect(await storage.acquire(request('k', 'new'))).toMatchObject({
      acquired: true,
      previous: undefined,
      record: { fencingToken: 2 },
    });
  });

  test('with a token at the end of all numbers gives no token twice', async () => {
    const clock = new ManualClock();
    const path = newPath();
    const storage = openStorage({ path, clock });
    await taken(storage, 'k', 'holder');
    await storage.release('k', 'holder');
    openPlain(path).exec(`UPDATE lockscope_locks SET token = ${Number.MAX_SAFE_INTEGER}`);
    await expect(storage.acquire(request('k', 'new'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});

test('a waiter that cannot be read is left out, and keeps its place', async () => {
  const clock = new ManualClock();
  const path = newPath();
  const storage = openStorage({ path, clock });
  await taken(storage, 'k', 'holder');
  for (const id of ['w1', 'w2']) await storage.acquire(request('k', id, { waitMs: 1000 }));
  const plain = openPlain(path);
  plain.exec('PRAGMA ignore_check_constraints = 1');
  plain.exec("UPDATE lockscope_waiters SET holder = 'not json' WHERE lease_id = 'w1'");
  expect((await storage.read('k')).waiters.map(({ leaseId }) => leaseId)).toEqual(['w2']);
  await storage.release('k', 'holder');
  expect(await storage.acquire(request('k', 'w2', { waitMs: 1000 }))).toMatchObject({ acquired: false, ahead: 1 });
});

test('a holder that is longer than a record may be is cut, not refused', async () => {
  const storage = openStorage({ path: newPath() });
  await taken(storage, 'k', 'l', {
    holder: { ownerId: 'o'.repeat(20_000), host: '\u0001'.repeat(255), service: '"'.repeat(500) },
  });
  expect((await storage.read('k')).record?.holder).toEqual({
    ownerId: 'o'.repeat(128),
    host: '\u0001'.repeat(255),
    service: '"'.repeat(128),
  });
});

describe('a file', () => {
  test('with tables of another version is refused, with the version that it has', async () => {
    const path = newPath();
    await taken(openStorage({ path }), 'k', 'l');
    openPlain(path).exec('UPDATE lockscope_meta SET version = 99');
    await expect(openStorage({ path }).read('k')).rejects.toMatchObject({
      code: 'SQLITE_SCHEMA',
      path,
      found: 99,
      message: expect.stringContaining('version 99'),
    });
  });

  for (const [what, sql] of Object.entries({
    'the locks': 'CREATE TABLE lockscope_locks (id INTEGER)',
    'the meta row': 'CREATE TABLE lockscope_meta (id INTEGER)',
    'all, with other columns': `CREATE TABLE lockscope_meta (id INTEGER, application TEXT, version INTEGER, boot INTEGER, boot_id TEXT, floor INTEGER);
      INSERT INTO lockscope_meta VALUES (1, 'lockscope', 3, 1, 'x', 0); CREATE TABLE lockscope_locks (key TEXT)`,
  })) {
    test(`in which somebody else has a table of the name of ${what} is refused and left as it is`, async () => {
      const path = newPath();
      const plain = openPlain(path);
      plain.exec(sql);
      await expect(openStorage({ path }).acquire(request('k', 'l'))).rejects.toMatchObject({
        code: 'SQLITE_SCHEMA',
        found: undefined,
      });
      expect(
        plain.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'lockscope_waiters'").get(),
      ).toMatchObject({ n: 0 });
    });
  }

  test('may have tables of others beside it', async () => {
    const path = newPath();
    const plain = openPlain(path);
    plain.exec('CREATE TABLE locks (id INTEGER); CREATE TABLE lockscopes (id INTEGER); INSERT INTO locks VALUES (7)');
    await taken(openStorage({ path }), 'k', 'l');
    expect(plain.prepare('SELECT id FROM locks').get()).toMatchObject({ id: 7 });
  });
});

test('a list is complete although a page of it has nothing but damage', async () => {
  const path = newPath();
  const storage = openStorage({ path });
  for (let n = 0; n < 201; n += 1) await taken(storage, `k${1000 + n}`, 'l');
  const plain = openPlain(path);
  plain.exec('PRAGMA ignore_check_constraints = 1');
  plain.exec("UPDATE lockscope_locks SET holder = 'not json' WHERE key < 'k1200'");
  expect((await collect(storage.list())).map(({ record }) => record.key)).toEqual(['k1200']);
  expect(await collect(storage.list({ prefix: 'k1200' }))).toHaveLength(1);
});
