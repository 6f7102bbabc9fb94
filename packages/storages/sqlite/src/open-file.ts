import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StorageError } from '@lockscope/storage';
import { Connection } from './connection.ts';
import { failureOf } from './failure.ts';
import type { OpenFile } from './load-driver.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** Opens the file for many processes. Throws what the driver throws, or a `StorageError` that says what is wrong. */
export function openFile(path: string, open: OpenFile): Connection {
  let connection: Connection | undefined;
  try {
    connection = new Connection(open(path));
    // The wait for a writer is done outside SQLite, where it blocks no event loop and each try sees a fresh clock.
    connection.exec('PRAGMA busy_timeout = 0');
    const mode = connection.get('PRAGMA journal_mode')?.['journal_mode'];
    if (mode !== 'wal') useWal(connection, path);
    connection.exec('PRAGMA synchronous = NORMAL');
    return connection;
  } catch (error) {
    connection?.close();
    const problem = failureOf(error) === 'BUSY' ? undefined : problemOf(path);
    throw problem === undefined ? error : new StorageError('sqlite', 'open', problem, { cause: error });
  }
}

/** Uses a handle of the user as it is. */
export function openHandle(database: SqliteDatabase): { readonly connection: Connection; readonly path: string } {
  const connection = new Connection(database);
  const main = connection.all('PRAGMA database_list').find((row) => row['name'] === 'main');
  const path = String(main?.['file'] ?? '');
  if (path === '') throw new StorageError('sqlite', 'open', 'the database is in memory, where no other process can see its locks: open a file');
  return { connection, path };
}

function useWal(connection: Connection, path: string): void {
  const mode = connection.get('PRAGMA journal_mode = WAL')?.['journal_mode'];
  if (mode !== 'wal') {
    throw new StorageError('sqlite', 'open', `${path} cannot be used in WAL mode (it stays in mode ${String(mode)}): is it on a network file system?`);
  }
}

/** What is wrong with the place itself; drivers only say that they cannot open it. */
function problemOf(path: string): string | undefined {
  try {
    const folder = statSync(dirname(path), { throwIfNoEntry: false });
    if (folder === undefined) return `the folder ${dirname(path)} does not exist: make it first`;
    if (!folder.isDirectory()) return `${dirname(path)} is not a folder`;
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return `${path} is a folder: give the name of a file`;
    return undefined;
  } catch {
    return `${path} cannot be reached: check the permissions of its folder`;
  }
}
