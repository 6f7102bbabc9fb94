import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import {
  startMariadb,
  type MariadbTestOptions,
  type MariadbTestServer,
} from '../../../../test/support/servers/mariadb.ts';
import { MysqlStorage, type MysqlStorageOptions, type MysqlUrlOptions } from '../src/index.ts';
import { TestDatabase } from './databases.ts';

/** One server for a suite, and for each test a database in which storages are opened. */
export interface Scene {
  readonly server: MariadbTestServer;
  readonly database: TestDatabase;
  /** A storage that is closed after the test; on the test's database unless told otherwise. */
  open(options?: Partial<MysqlUrlOptions> | MysqlStorageOptions): MysqlStorage;
  /** Runs after the test, last first. */
  after(undo: () => unknown): void;
}

/** Call it within a suite; what it gives can be used in tests. */
export function useMariadb(options?: MariadbTestOptions): Scene {
  let server: MariadbTestServer | undefined;
  let database: TestDatabase | undefined;
  const undos: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await startMariadb(options);
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    database = await TestDatabase.create(server as MariadbTestServer);
  });
  afterEach(async () => {
    for (const undo of undos.splice(0).toReversed()) await undo();
    await database?.drop();
  });
  return {
    get server() {
      return server as MariadbTestServer;
    },
    get database() {
      return database as TestDatabase;
    },
    open(more = {}) {
      const where = 'pool' in more || 'connection' in more ? more : { url: (database as TestDatabase).url, ...more };
      const storage = new MysqlStorage(where as MysqlStorageOptions);
      undos.push(() => storage.close());
      return storage;
    },
    after(undo) {
      undos.push(undo);
    },
  };
}
