import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SqliteDriverError } from './errors.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { SqliteDriver } from './sqlite-options.ts';

/** What opens a database file with one driver: the class that `better-sqlite3` gives, for one. */
export type SqliteDatabaseClass = new (path: string) => SqliteDatabase;

/** Where drivers are looked for; a test gives its own. */
export interface DriverHost {
  readonly nodeVersion: string;
  /** Gives undefined for a module that this Node does not have. */
  builtin(id: string): unknown;
  /** Throws an error with the code `MODULE_NOT_FOUND` when the package is not installed. */
  require(id: string): unknown;
  /** The version of the package `name` that a class comes from; undefined when it comes from somewhere else. */
  versionOf(driver: unknown, name: string): string | undefined;
}

const require = createRequire(import.meta.url);

const thisHost: DriverHost = {
  nodeVersion: process.versions.node,
  builtin: (id) => process.getBuiltinModule?.(id),
  require: (id) => require(id) as unknown,
  versionOf: (driver, name) => {
    const module = Object.values(require.cache).find((loaded) => loaded?.exports === driver);
    const [, root] = module?.filename.match(new RegExp(`^(.*[\\\\/]node_modules[\\\\/]${name})[\\\\/]`)) ?? [];
    if (root === undefined) return undefined;
    return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }).version;
  },
};

/** The wanted driver, or the first that there is. Loads nothing else. */
export function loadDriver(wanted: SqliteDriver | undefined, host: DriverHost = thisHost): SqliteDatabaseClass {
  if (typeof wanted === 'function') return checkDriver(wanted, host);
  const builtin = wanted === 'libsql' ? undefined : host.builtin('node:sqlite');
  if (builtin !== undefined) return (builtin as { readonly DatabaseSync: SqliteDatabaseClass }).DatabaseSync;
  if (wanted === 'node:sqlite') {
    const problem = `Node ${host.nodeVersion} has no node:sqlite: use Node 22.13 or later, or the driver libsql`;
    throw new SqliteDriverError('node:sqlite', problem);
  }
  return requireDriver('libsql', host);
}

/** better-sqlite3 from 13 on ends the whole process when it opens a file on Node 20. */
function checkDriver(driver: SqliteDatabaseClass, host: DriverHost): SqliteDatabaseClass {
  if (major(host.nodeVersion) >= 22) return driver;
  const version = host.versionOf(driver, 'better-sqlite3');
  if (version === undefined || major(version) < 13) return driver;
  const problem = `better-sqlite3 ${version} crashes on Node ${host.nodeVersion}: use better-sqlite3 12, the driver libsql, or Node 22`;
  throw new SqliteDriverError('better-sqlite3', problem);
}

function requireDriver(name: string, host: DriverHost): SqliteDatabaseClass {
  try {
    return host.require(name) as SqliteDatabaseClass;
  } catch (cause) {
    const missing = (cause as { readonly code?: unknown }).code === 'MODULE_NOT_FOUND';
    const why = missing
      ? 'is not installed'
      : `cannot be loaded (${cause instanceof Error ? cause.message : String(cause)})`;
    const problem = `Node ${host.nodeVersion} needs the package ${name} for SQLite, and it ${why}: run "npm install ${name}", or use a Node that has node:sqlite (22.13 or later)`;
    throw new SqliteDriverError(name, problem, { cause });
  }
}

function major(version: string): number {
  return Number.parseInt(version, 10);
}
