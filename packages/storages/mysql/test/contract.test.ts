import { afterAll, beforeAll, expect, test } from 'vitest';
import { storageContract } from '@lockscope/testkit';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startMariadb, type MariadbTestServer } from '../../../../test/support/servers/mariadb.ts';
import { MysqlStorage } from '../src/index.ts';
import { TestDatabase } from './databases.ts';

const capabilities = { reach: 'network', durable: true, notifies: false, queues: true, shares: true } as const;

describeWith(['mariadbd', 'mariadb-install-db'], 'the storage contract on MariaDB', () => {
  let server: MariadbTestServer;
  beforeAll(async () => {
    server = await startMariadb();
  });
  afterAll(() => server.stop());

  const open = ({ database }: { readonly database: TestDatabase }): MysqlStorage =>
    new MysqlStorage({ url: database.url });

  const contract = storageContract({
    capabilities,
    renewsMany: true,
    create: async () => {
      const database = await TestDatabase.create(server);
      return { database, storage: open({ database }) };
    },
    second: open,
    reopen: open,
    faults: {
      damage: async ({ database }, key) => {
        await database.run(
          "UPDATE {db}.lockscope_locks SET lease_id = '', holder = 'of somebody else' WHERE lock_key = ?",
          [Buffer.from(key)],
        );
      },
      dropConnection: ({ database }) => database.cut(),
      freeze: () => server.freeze(),
      thaw: () => server.thaw(),
      restart: () => server.restart(),
    },
    dispose: ({ database }) => database.drop(),
  });

  for (const { name, run } of contract) test(name, run, 60_000);

  test('is asked for everything but a server whose wall clock is set', () => {
    expect(contract.missing).toEqual(['faults.stepWallClock']);
  });
});
