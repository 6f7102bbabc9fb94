import { createRequire } from 'node:module';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SqliteStorage, type SqliteDatabase, type SqliteDatabaseClass } from '../src/index.ts';
import { loadDriver, type DriverHost } from '../src/load-driver.ts';
import { newPath, openStorage } from './files.ts';
import { taken } from '../../../../test/support/requests.ts';

const builtin = process.getBuiltinModule?.('node:sqlite') as { readonly DatabaseSync: SqliteDatabaseClass } | undefined;

const Libsql = function Libsql() {};
const BetterSqlite = function BetterSqlite() {};
const DatabaseSync = function DatabaseSync() {};

function host(
  nodeVersion: string,
  packages: Readonly<Record<string, unknown>>,
  builtins: Readonly<Record<string, unknown>> = {},
): DriverHost {
  return {
    nodeVersion,
    versionOf: (driver, name) =>
      driver === BetterSqlite && name === 'better-sqlite3' ? (packages['better-sqlite3'] as string) : undefined,
    builtin: (id) => builtins[id],
    require: (id) => {
      if (id in packages) return packages[id];
      throw Object.assign(new Error(`Cannot find module '${id}'`), { code: 'MODULE_NOT_FOUND' });
    },
  };
}

describe('the driver', () => {
  test('is the one of Node where there is one, else libsql', () => {
    expect(loadDriver(undefined, host('24.1.0', { libsql: Libsql }, { 'node:sqlite': { DatabaseSync } }))).toBe(
      DatabaseSync,
    );
    expect(loadDriver(undefined, host('20.19.0', { libsql: Libsql }))).toBe(Libsql);
    expect(loadDriver('libsql', host('24.1.0', { libsql: Libsql }, { 'node:sqlite': { DatabaseSync } }))).toBe(Libsql);
  });

  test('that is missing is named, with what to do', () => {
    const missing = {
      code: 'SQLITE_DRIVER',
      driver: 'libsql',
      message: expect.stringMatching(
        /Node 20\.19\.0 needs the package libsql .* not installed: run "npm install libsql"/,
      ),
    };
    expect(() => loadDriver(undefined, host('20.19.0', {}))).toThrow(expect.objectContaining(missing));
    expect(() => loadDriver('node:sqlite', host('20.19.0', {}))).toThrow(/Node 20\.19\.0 has no node:sqlite/);
  });

  test('that is there but broken is told with the reason', () => {
    const broken: DriverHost = {
      ...host('20.19.0', {}),
      require: () => {
        throw new Error('invalid ELF header');
      },
    };
    expect(() => loadDriver(undefined, broken)).toThrow(/libsql.* cannot be loaded \(invalid ELF header\)/);
  });

  test('may be a class of the user, and better-sqlite3 is refused where it would crash the process', () => {
    const driver = BetterSqlite as unknown as SqliteDatabaseClass;
    const on = (nodeVersion: string, version: string): DriverHost => host(nodeVersion, { 'better-sqlite3': version });
    expect(() => loadDriver(driver, on('20.20.2', '13.2.0'))).toThrow(
      expect.objectContaining({
        code: 'SQLITE_DRIVER',
        driver: 'better-sqlite3',
        message: expect.stringContaining('better-sqlite3 13.2.0 crashes on Node 20.20.2'),
      }),
    );
    expect(loadDriver(driver, on('20.20.2', '12.11.1'))).toBe(driver);
    expect(loadDriver(driver, on('22.12.0', '13.2.0'))).toBe(driver);
    expect(loadDriver(Libsql as unknown as SqliteDatabaseClass, on('20.20.2', '13.2.0'))).toBe(Libsql);
  });

  test('that is a class of the user is known by the file that it was loaded from', () => {
    const folder = dirname(newPath());
    const root = join(folder, 'node_modules', 'better-sqlite3');
    mkdirSync(join(root, 'lib'), { recursive: true });
    writeFileSync(join(root, 'package.json'), JSON.stringify({ version: '13.2.0' }));
    writeFileSync(join(root, 'lib', 'index.js'), 'module.exports = class Database {};');
    const driver = createRequire(join(folder, 'main.js'))('better-sqlite3/lib/index.js') as SqliteDatabaseClass;
    if (Number.parseInt(process.versions.node, 10) >= 22) expect(loadDriver(driver)).toBe(driver);
    else expect(() => loadDriver(driver)).toThrow('better-sqlite3 13.2.0 crashes');
  });
});

describe('libsql, on every Node', () => {
  test('keeps locks', async () => {
    const storage = openStorage({ path: newPath(), driver: 'libsql' });
    await taken(storage, 'k', 'l');
    expect(await storage.release('k', 'l')).toEqual({ released: true });
    expect(await taken(storage, 'k', 'l2')).toMatchObject({ fencingToken: 2 });
  });
});

test('a driver with an SQLite that is too old is refused with the version that it has', async () => {
  const database: SqliteDatabase = {
    prepare: () => ({ get: () => ({ version: '3.31.1' }), all: () => [], run: () => ({ changes: 0 }) }),
    exec: () => undefined,
    close: () => undefined,
  };
  await expect(new SqliteStorage({ database }).read('k')).rejects.toMatchObject({
    code: 'SQLITE_DRIVER',
    message: expect.stringContaining('needs SQLite 3.38 or later, and this driver has 3.31.1'),
  });
});

describe('two drivers in one process', () => {
  test('are refused for one file, under whatever name, until the first is closed', async () => {
    const path = newPath();
    const first = openStorage({ path, driver: 'libsql' });
    await taken(first, 'k', 'l');
    const link = newPath('link.db');
    symlinkSync(path, link);
    // Node 20 has no second library, so another class stands for it there.
    class Other extends (createRequire(import.meta.url)('libsql') as SqliteDatabaseClass) {}
    const second = openStorage({ path: link, driver: builtin === undefined ? Other : 'node:sqlite' });
    await expect(second.read('k')).rejects.toMatchObject({
      code: 'SQLITE_DRIVER',
      message: expect.stringContaining('another SQLite driver'),
    });
    await first.close();
    expect((await second.read('k')).record).toMatchObject({ leaseId: 'l' });
  });
});
