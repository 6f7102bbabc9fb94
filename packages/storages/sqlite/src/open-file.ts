import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StorageError } from '@lockscope/storage';
import { Connection } from './connection.ts';
import { useDriver } from './driver-in-use.ts';
import { SqliteDriverError } from './errors.ts';
import { cannotOpen, failureOf } from './failure.ts';
import type { SqliteDatabaseClass } from './load-driver.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** A database that is open for this storage. */
export interface OpenFile {
  readonly connection: Connection;
  readonly path: string;
  /** Which file it is on its disk; undefined where it cannot be told. */
  readonly identity: string | undefined;
  /** Gives back what was opened here; a database of the user stays open. */
  close(): void;
}

/** Opens the file for many processes. Throws what the driver throws, or a `StorageError` that says what is wrong. */
export function openFile(path: string, Database: SqliteDatabaseClass): OpenFile {
  const unuse = useDriver(path, Database);
  let connection: Connection | undefined;
  const close = (): void => {
    connection?.close();
    unuse();
  };
  try {
    connection = new Connection(new Database(path));
    checkVersion(connection);
    // The wait for a writer is done outside SQLite, where it blocks no event loop and each try sees a fresh clock.
    connection.exec('PRAGMA busy_timeout = 0');
    const mode = connection.get('PRAGMA journal_mode')?.['journal_mode'];
    if (mode !== 'wal') useWal(connection, path);
    connection.exec('PRAGMA synchronous = NORMAL');
    return { connection, path, identity: identityOf(path), close };
  } catch (error) {
    close();
    const known = failureOf(error);
    const problem =
      known === 'BUSY' ? undefined : (problemOf(path) ?? (known === undefined ? cannotOpen(path) : undefined));
    if (error instanceof StorageError || problem === undefined) throw error;
    throw new StorageError('sqlite', 'open', problem, { cause: error });
  }
}

/** Uses a handle of the user as it is. */
export function openHandle(database: SqliteDatabase): OpenFile {
  const connection = new Connection(database);
  connection.checkFree();
  checkVersion(connection);
  const main = connection.all('PRAGMA database_list').find((row) => row['name'] === 'main');
  const path = main?.['file'];
  if (typeof path !== 'string' || path === '') {
    throw new StorageError(
      'sqlite',
      'open',
      'the database is in memory, where no other process can see its locks: open a file',
    );
  }
  const close = useDriver(path, database.constructor);
  return { connection, path, identity: identityOf(path), close };
}

/** Strict tables and JSON in every build. */
const oldestVersion = [3, 38] as const;

function checkVersion(connection: Connection): void {
  const version = String(connection.get('SELECT sqlite_version() AS version')?.['version']);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldestVersion[0] || (major === oldestVersion[0] && minor >= oldestVersion[1])) return;
  const problem = `it needs SQLite ${oldestVersion.join('.')} or later, and this driver has ${version}: use a newer driver`;
  throw new SqliteDriverError('sqlite', problem);
}

/** Which file stands at the path now; undefined when there is none. */
export function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}

function useWal(connection: Connection, path: string): void {
  const mode = connection.get('PRAGMA journal_mode = WAL')?.['journal_mode'];
  if (mode === 'wal') return;
  const problem = `${path} cannot be used in WAL mode (it stays in mode ${String(mode)}): is it on a network file system?`;
  throw new StorageError('sqlite', 'open', problem);
}

/** What is wrong with the place itself; drivers only say that they cannot open it. */
function problemOf(path: string): string | undefined {
  const folder = dirname(path);
  try {
    const found = statSync(folder, { throwIfNoEntry: false });
    if (found === undefined) return `the folder ${folder} does not exist: make it first`;
    if (!found.isDirectory()) return `${folder} is not a folder`;
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      return `${path} is a folder: give the name of a file`;
    }
    return undefined;
  } catch {
    return `${path} cannot be reached: check the permissions of its folder`;
  }
}
