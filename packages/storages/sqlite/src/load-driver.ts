import { createRequire } from 'node:module';
import { SqliteDriverError } from './errors.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { SqliteDriver } from './sqlite-options.ts';

/** What opens a database file with one driver. */
export type DatabaseClass = new (path: string) => SqliteDatabase;

/** Where drivers are looked for; a test gives its own. */
export interface DriverHost {
  readonly nodeVersion: string;
  /** Gives undefined for a module that this Node does not have. */
  builtin(id: string): unknown;
  /** Throws an error with the code `MODULE_NOT_FOUND` when the package is not installed. */
  require(id: string): unknown;
}

const require = createRequire(import.meta.url);

const thisHost: DriverHost = {
  nodeVersion: process.versions.node,
  builtin: (id) => process.getBuiltinModule?.(id),
  require: (id) => require(id) as unknown,
};

/** The wanted driver, or the first that there is. Loads nothing else. */
export function loadDriver(wanted: SqliteDriver | undefined, host: DriverHost = thisHost): DatabaseClass {
  if (wanted === 'better-sqlite3') return loadBetterSqlite(host);
  const builtin =
    wanted === 'libsql'
      ? undefined
      : (host.builtin('node:sqlite') as { readonly DatabaseSync: DatabaseClass } | undefined);
  if (builtin !== undefined) return builtin.DatabaseSync;
  if (wanted === 'node:sqlite') {
    throw new SqliteDriverError(
      'node:sqlite',
      `Node ${host.nodeVersion} has no node:sqlite: use Node 22.13 or later, or the driver libsql`,
    );
  }
  return requirePackage('libsql', host) as DatabaseClass;
}

function loadBetterSqlite(host: DriverHost): DatabaseClass {
  const { version } = requirePackage('better-sqlite3/package.json', host) as { readonly version: string };
  if (major(version) >= 13 && major(host.nodeVersion) < 22) {
    throw new SqliteDriverError(
      'better-sqlite3',
      `better-sqlite3 ${version} crashes on Node ${host.nodeVersion}: use better-sqlite3 12, the driver libsql, or Node 22`,
    );
  }
  return requirePackage('better-sqlite3', host) as DatabaseClass;
}

function requirePackage(id: string, host: DriverHost): unknown {
  try {
    return host.require(id);
  } catch (cause) {
    const [name = id] = id.split('/');
    const missing = (cause as { readonly code?: unknown }).code === 'MODULE_NOT_FOUND';
    const reason = missing
      ? 'is not installed'
      : `cannot be loaded (${cause instanceof Error ? cause.message : String(cause)})`;
    throw new SqliteDriverError(
      name,
      `Node ${host.nodeVersion} needs the package ${name} for SQLite, and it ${reason}: run "npm install ${name}", or use a Node that has node:sqlite (22.13 or later)`,
      { cause },
    );
  }
}

function major(version: string): number {
  return Number.parseInt(version, 10);
}
