import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SqliteStorage } from '../src/index.ts';
import { newPath, openPlain, openStorage } from './files.ts';
import { ManualClock } from './manual-clock.ts';
import { request, taken } from '../../../../test/support/requests.ts';

/** What a person reads who gives this path. */
async function complaint(path: string): Promise<string> {
  const error = await openStorage({ path, busyTimeoutMs: 0 })
    .acquire(request('k', 'l'))
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(error).toMatchObject({ name: 'StorageError', code: 'STORAGE_FAILED', storage: 'sqlite' });
  expect((error as Error).cause).toBeInstanceOf(Error);
  return (error as Error).message;
}

/** Root may write everything, so it steps down for a moment. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

describe('a path that cannot be used is told so that a person can act on it', () => {
  test('when its folder is missing', async () => {
    const folder = join(dirname(newPath()), 'missing');
    expect(await complaint(join(folder, 'locks.db'))).toContain(`the folder ${folder} does not exist: make it first`);
  });

  test('when it is a folder, or lies below a file', async () => {
    const path = newPath();
    mkdirSync(path);
    expect(await complaint(path)).toContain(`${path} is a folder: give the name of a file`);
    const file = newPath('text');
    writeFileSync(file, 'hello');
    expect(await complaint(join(file, 'locks.db'))).toContain(`${file} is not a folder`);
  });

  test('when the file is not a database, which is left as it is', async () => {
    const path = newPath('notes.txt');
    const text = 'these are my notes, not a database. '.repeat(100);
    writeFileSync(path, text);
    expect(await complaint(path)).toContain(`${path} is not an SQLite database`);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('when the database is damaged', async () => {
    const path = newPath();
    const before = openStorage({ path });
    for (let n = 0; n < 50; n += 1) await taken(before, `k${n}`, 'l', { holder: { ownerId: 'o'.repeat(100) } });
    await before.close();
    openPlain(path).exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, 200));
    expect(await complaint(path)).toContain(`${path} is damaged`);
  });

  test.skipIf(process.platform === 'win32')('when the process may not write the file, or not the folder', async () => {
    const path = newPath();
    await taken(openStorage({ path }), 'k', 'l');
    chmodSync(path, 0o444);
    chmodSync(dirname(path), 0o777);
    const locked = newPath();
    chmodSync(dirname(locked), 0o555);
    await asNobody(async () => {
      expect(await complaint(path)).toContain(`this process may not write ${path}: check the permissions`);
      expect(await complaint(locked)).toContain(
        `${locked} cannot be opened: check that its folder exists and may be written`,
      );
    });
  });

  test('and works as soon as the path can be used', async () => {
    const path = newPath();
    rmSync(dirname(path), { recursive: true });
    const storage = openStorage({ path });
    await expect(storage.read('k')).rejects.toThrow('does not exist');
    mkdirSync(dirname(path));
    expect(await taken(storage, 'k', 'l')).toMatchObject({ fencingToken: 1 });
  });
});

describe('while somebody else writes', () => {
  test('longer than the storage waits, it is an error and never a busy lock, and nothing has changed', async () => {
    const clock = new ManualClock();
    const path = newPath();
    const storage = openStorage({ path, clock, busyTimeoutMs: 30 });
    await taken(storage, 'held', 'l');
    const before = await storage.read('held');
    const writer = openPlain(path);
    writer.exec('BEGIN IMMEDIATE');
    const failed = { code: 'STORAGE_FAILED', message: expect.stringContaining('locked for more than 30 ms') };
    await expect(storage.acquire(request('new', 'l'))).rejects.toMatchObject({ ...failed, operation: 'acquire' });
    await expect(storage.acquire(request('held', 'w', { waitMs: 1000 }))).rejects.toMatchObject(failed);
    await expect(storage.renew('held', 'l', 99_000)).rejects.toMatchObject({ ...failed, operation: 'renew' });
    await expect(storage.release('held', 'l')).rejects.toMatchObject({ ...failed, operation: 'release' });
    await expect(storage.leave('held', 'w')).rejects.toMatchObject(failed);
    await expect(storage.forceRelease('held')).rejects.toMatchObject(failed);
    await expect(storage.sweep()).rejects.toMatchObject(failed);
    expect(await storage.read('held')).toEqual(before);
    writer.exec('ROLLBACK');
    // A statement that found the file busy must not stand in the way of a later transaction.
    expect(await storage.acquire(request('held', 'w', { waitMs: 1000 }))).toMatchObject({ acquired: false, ahead: 0 });
    await storage.leave('held', 'w');
    expect(await storage.release('held', 'l')).toEqual({ released: true });
    expect(await taken(storage, 'new', 'l')).toMatchObject({ fencingToken: 1 });
  });

  test('for a short while, operations wait without blocking the process, and then succeed for their own key', async () => {
    const path = newPath();
    const storage = openStorage({ path });
    await taken(storage, 'warm', 'l');
    const writer = openPlain(path);
    writer.exec('BEGIN IMMEDIATE');
    const waiting = ['a', 'b', 'c'].map((key) => taken(storage, key, `lease of ${key}`));
    const released = storage.release('warm', 'l');
    // A timer fires while they wait, or this never ends.
    await new Promise((resolve) => setTimeout(resolve, 20));
    writer.exec('ROLLBACK');
    for (const [n, key] of ['a', 'b', 'c'].entries()) {
      expect(await waiting[n]).toMatchObject({ key, leaseId: `lease of ${key}` });
      expect((await storage.read(key)).record).toMatchObject({ leaseId: `lease of ${key}` });
    }
    expect(await released).toEqual({ released: true });
  });

  test('a storage that is closed meanwhile tells who waits', async () => {
    const path = newPath();
    const storage = openStorage({ path });
    await taken(storage, 'k', 'l');
    openPlain(path).exec('BEGIN IMMEDIATE');
    const waiting = storage.release('k', 'l');
    await storage.close();
    await expect(waiting).rejects.toMatchObject({ code: 'STORAGE_CLOSED', operation: 'release' });
  });
});

test('a statement that failed never runs with what it was given then', async () => {
  const clock = new ManualClock();
  const path = newPath();
  const storage = openStorage({ path, clock });
  await taken(storage, 'a', 'l1');
  await storage.release('a', 'l1');
  const plain = openPlain(path);
  plain.exec(`UPDATE lockscope_locks SET token = ${Number.MAX_SAFE_INTEGER}`);
  await expect(storage.acquire(request('a', 'l2'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  plain.exec('UPDATE lockscope_locks SET token = 1');
  expect(await taken(storage, 'b', 'l3')).toMatchObject({ key: 'b', fencingToken: 1 });
  expect((await storage.read('a')).record).toBeUndefined();
  expect((await storage.read('b')).record).toMatchObject({ leaseId: 'l3' });
});

describe('a file that is removed while it is in use', () => {
  test('is noticed within a second, told once, and then made anew', async () => {
    const clock = new ManualClock();
    const path = newPath();
    const storage = openStorage({ path, clock });
    await taken(storage, 'k', 'l', { leaseMs: 60_000 });
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
    clock.advance(1000);
    await expect(storage.renew('k', 'l', 60_000)).rejects.toMatchObject({
      message: expect.stringContaining(`${path} was removed or replaced`),
    });
    expect(await storage.renew('k', 'l', 60_000)).toMatchObject({ renewed: false, record: undefined });
    expect(await taken(storage, 'k', 'l2')).toMatchObject({ leaseId: 'l2' });
  });
});

describe('a database of the user', () => {
  test('is used as it is and stays open', async () => {
    const path = newPath();
    const database = openPlain(path);
    database.exec('CREATE TABLE mine (id INTEGER)');
    const storage = new SqliteStorage({ database });
    await taken(storage, 'k', 'l');
    expect((await openStorage({ path }).read('k')).record).toMatchObject({ leaseId: 'l' });
    await storage.close();
    expect(database.prepare('SELECT count(*) AS n FROM lockscope_locks').get()).toMatchObject({ n: 1 });
  });

  test('never has lock operations in a transaction of the user', async () => {
    const path = newPath();
    const database = openPlain(path);
    const storage = new SqliteStorage({ database, busyTimeoutMs: 5000 });
    await taken(storage, 'k', 'l');
    database.exec('BEGIN');
    const release = storage.release('k', 'l');
    await new Promise((resolve) => setTimeout(resolve, 10));
    database.exec('ROLLBACK');
    expect(await release).toEqual({ released: true });
    expect((await storage.read('k')).record).toBeUndefined();
    const impatient = new SqliteStorage({ database, busyTimeoutMs: 10 });
    const refused = {
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('a transaction was left open on the database that you gave for more than 10 ms'),
    };
    database.exec('BEGIN');
    await expect(impatient.acquire(request('k', 'x'))).rejects.toMatchObject(refused);
    database.exec('COMMIT');
    await taken(impatient, 'k', 'x');
    database.exec('BEGIN');
    await expect(impatient.release('k', 'x')).rejects.toMatchObject(refused);
    database.exec('ROLLBACK');
    expect((await impatient.read('k')).record).toMatchObject({ leaseId: 'x' });
  });

  test('in memory is refused, because nobody else could see its locks', async () => {
    await expect(new SqliteStorage({ database: openPlain(':memory:') }).read('k')).rejects.toThrow(
      'the database is in memory',
    );
  });
});
