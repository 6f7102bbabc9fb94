import { afterAll, beforeAll, expect, test } from 'vitest';
import { storageContract } from '@lockscope/testkit';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startMariadb, type MariadbTestServer } from '../../../../test/support/servers/mariadb.ts';
import { startProxy, type TcpProxy } from '../../../../test/support/servers/tcp-proxy.ts';
import { MysqlStorage } from '../src/index.ts';
import { TestDatabase } from './databases.ts';

const capabilities = {
  reach: 'network',
  durable: true,
  notifies: false,
  queues: true,
  shares: true,
  turns: true,
} as const;

interface Setup {
  readonly database: TestDatabase;
  /** Between the storage and the server. */
  readonly proxy: TcpProxy;
}

describeWith(['mariadbd', 'mariadb-install-db'], 'the storage contract on MariaDB', () => {
  let server: MariadbTestServer;
  beforeAll(async () => {
    server = await startMariadb();
  });
  afterAll(() => server.stop());

  const open = ({ database, proxy }: Setup): MysqlStorage =>
    new MysqlStorage({ url: `mysql://root@127.0.0.1:${proxy.port}/${database.name}`, commandTimeoutMs: 15_000 });

  const contract = storageContract({
    capabilities,
    renewsMany: true,
    // A hundred at once on a machine that is busy with other tests take their time.
    patienceMs: 20_000,
    create: async () => {
      const setup = { database: await TestDatabase.create(server), proxy: await startProxy(server.port) };
      return { ...setup, storage: open(setup) };
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
      slow: ({ proxy }, ms) => proxy.set({ replyDelayMs: ms }),
    },
    dispose: async ({ database, proxy }) => {
      await proxy.close();
      await database.drop();
    },
  });

  for (const { name, run } of contract) test(name, run, 60_000);

  test('is asked for everything but a server whose wall clock is set', () => {
    expect(contract.missing).toEqual(['faults.stepWallClock']);
  });
});
