import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { SqliteStorage, type SqliteDatabase, type SqliteDatabaseClass, type SqliteFileOptions } from '../src/index.ts';

const opened: (() => unknown)[] = [];

afterEach(async () => {
  for (const undo of opened.splice(0).toReversed()) await undo();
});

/** A path in a folder of its own, gone after the test. */
export function newPath(file = 'locks.db'): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockscope-sqlite-'));
  opened.push(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, file);
}

/** A storage that is closed after the test. */
export function openStorage(options: SqliteFileOptions): SqliteStorage {
  const storage = new SqliteStorage(options);
  opened.push(() => storage.close());
  return storage;
}

/** What the storage opens files with when it is not told. */
export function defaultDriver(): SqliteDatabaseClass {
  const builtin = process.getBuiltinModule?.('node:sqlite') as
    | { readonly DatabaseSync: SqliteDatabaseClass }
    | undefined;
  return builtin?.DatabaseSync ?? (createRequire(import.meta.url)('libsql') as SqliteDatabaseClass);
}

/** A plain connection to the same file: what somebody else does with it. */
export function openPlain(path: string): SqliteDatabase {
  const database = new (defaultDriver())(path);
  opened.push(() => database.close());
  return database;
}
