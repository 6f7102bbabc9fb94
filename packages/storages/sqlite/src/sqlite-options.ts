import { resolve } from 'node:path';
import { systemClock, unknownOptions, type Clock } from '@lockscope/storage';
import { SqliteOptionsError } from './errors.ts';
import { machineClock, type MachineClock } from '@lockscope/storage/machine-clock';
import type { SqliteDatabaseClass } from './load-driver.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** What opens the file: one that Lockscope finds, or a class that you have, such as that of `better-sqlite3`. */
export type SqliteDriver = (typeof drivers)[number] | SqliteDatabaseClass;

const drivers = ['node:sqlite', 'libsql'] as const;

interface CommonOptions {
  /**
   * How long an operation tries again while another process writes. Longer survives longer writes of others, shorter
   * tells sooner of a process that is stuck with the write lock. Milliseconds, default 5,000.
   */
  readonly busyTimeoutMs?: number;
  /**
   * For tests. Its `monotonic()` has to be the same for all that share the file, so the `systemClock` of Lockscope,
   * which starts with each process, is refused. Default `machineClock`.
   */
  readonly clock?: Clock & Partial<Pick<MachineClock, 'bootId'>>;
}

/** Locks in a file that the storage opens and closes itself. */
export interface SqliteFileOptions extends CommonOptions {
  /** The database file, made on first use. Its folder has to exist, on a disk of this machine. */
  readonly path: string;
  /** Default: `node:sqlite` where this Node has it, else `libsql`. */
  readonly driver?: SqliteDriver;
  readonly database?: never;
}

/** Locks in a database that you have open. It is used as it is, and `close()` leaves it open. */
export interface SqliteDatabaseOptions extends CommonOptions {
  /** A handle of `node:sqlite`, `libsql` or `better-sqlite3`. Leave no transaction open on it while you await. */
  readonly database: SqliteDatabase;
  readonly path?: never;
  readonly driver?: never;
}

/** Options of `SqliteStorage`: a path or an open database. */
export type SqliteStorageOptions = SqliteFileOptions | SqliteDatabaseOptions;

/** @internal */
export interface ResolvedOptions {
  readonly path: string | undefined;
  readonly database: SqliteDatabase | undefined;
  readonly driver: SqliteDriver | undefined;
  readonly busyTimeoutMs: number;
  readonly clock: MachineClock;
}

const defaults = Object.freeze({ busyTimeoutMs: 5000 });
const known = new Set(['path', 'database', 'driver', 'busyTimeoutMs', 'clock']);
const maxTimeoutMs = 2 ** 31 - 1;

/** @internal Fills in and checks, once; all problems in one error. */
export function resolveOptions(options: SqliteStorageOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) throw new SqliteOptionsError(['give a path or a database']);
  const problems = unknownOptions(options, known);
  const { path, database, driver, busyTimeoutMs = defaults.busyTimeoutMs, clock = machineClock } = options;
  if ((path === undefined) === (database === undefined)) problems.push('give either a path or a database');
  if (path !== undefined) checkPath(path, problems);
  if (database !== undefined && !isDatabase(database))
    problems.push('database must be an open handle with prepare() and exec()');
  if (driver !== undefined && typeof driver !== 'function' && !drivers.includes(driver)) {
    problems.push(`driver must be ${drivers.join(', ')} or a class, got ${driver}`);
  }
  if (driver !== undefined && database !== undefined) problems.push('driver goes with a path, a database has its own');
  if (!(typeof busyTimeoutMs === 'number' && busyTimeoutMs >= 0 && busyTimeoutMs <= maxTimeoutMs)) {
    problems.push(`busyTimeoutMs must be from 0 to ${maxTimeoutMs}, got ${String(busyTimeoutMs)}`);
  }
  if (clock === systemClock)
    problems.push('clock must not be systemClock, whose monotonic() differs from process to process');
  if (problems.length > 0) throw new SqliteOptionsError(problems);
  return Object.freeze({
    path: path === undefined ? undefined : resolve(path),
    database,
    driver,
    busyTimeoutMs,
    clock: withBootId(clock),
  });
}

function checkPath(path: unknown, problems: string[]): void {
  if (typeof path !== 'string' || path === '') problems.push(`path must be the name of a file, got ${String(path)}`);
  else if (path === ':memory:')
    problems.push(
      'path must be a file: no other process could see a database in memory; MemoryStorage is made for one process',
    );
  else if (/^\w{2,}:/.test(path)) problems.push(`path must be a file name, not a URL, got ${path}`);
}

function isDatabase(value: unknown): boolean {
  const { prepare, exec } = Object(value) as Partial<Record<keyof SqliteDatabase, unknown>>;
  return typeof prepare === 'function' && typeof exec === 'function';
}

function withBootId(clock: Clock & Partial<Pick<MachineClock, 'bootId'>>): MachineClock {
  if (clock.bootId !== undefined) return clock as MachineClock;
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (run, ms) => clock.setTimeout(run, ms),
    clearTimeout: (timer) => clock.clearTimeout(timer),
    bootId: machineClock.bootId,
  };
}
