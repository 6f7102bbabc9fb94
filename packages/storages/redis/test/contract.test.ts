import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storageContract, type StorageFaults, type StorageSetup } from '@lockscope/testkit';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { startProxy, type TcpProxy } from '../../../../test/support/servers/tcp-proxy.ts';
import { RedisStorage } from '../src/index.ts';
import { admin, ioredisClient, nodeRedisClient, type Place, type TestClient } from './clients.ts';

const capabilities = {
  reach: 'network',
  durable: true,
  notifies: true,
  queues: true,
  shares: true,
  turns: true,
} as const;

const patience = 60_000;

interface Setup extends StorageSetup {
  readonly clients: TestClient[];
}

let server: RedisTestServer;
/** Between the storages and the server. */
let proxy: TcpProxy;

function contractWith(
  connect: (place: Place) => TestClient | Promise<TestClient>,
  faults: StorageFaults<Setup> = {},
): ReturnType<typeof storageContract> {
  const open = async (setup: Pick<Setup, 'clients'>): Promise<RedisStorage> => {
    const made = await connect(proxy);
    setup.clients.push(made);
    return new RedisStorage({ client: made.client });
  };
  return storageContract<Setup>({
    capabilities,
    forgetsReleased: true,
    renewsMany: true,
    // Every write of the first server waits for the disk, which others may keep busy.
    rounds: 300,
    patienceMs: 15_000,
    create: async () => {
      await admin(server, 'FLUSHALL');
      const clients: TestClient[] = [];
      return { clients, storage: await open({ clients }) };
    },
    second: open,
    reopen: open,
    faults: {
      damage: async (_, key) => {
        const [name] = (await admin(server, 'KEYS', `lockscope:{*}:l:${key}`)) as [string];
        await admin(server, 'SET', name, 'of somebody else');
      },
      dropConnection: async () => {
        await admin(server, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      },
      freeze: () => server.freeze(),
      thaw: () => server.thaw(),
      slow: (_, ms) => proxy.set(ms > 0 ? { replyDelayMs: ms } : {}),
      ...faults,
    },
    dispose: ({ clients }) => {
      proxy.set({});
      for (const { end } of clients) end();
    },
  });
}

describeWith('redis-server', 'the storage contract, on a server that writes before it answers', () => {
  beforeAll(async () => {
    server = await startRedis({ persistent: true });
    proxy = await startProxy(server.port);
  });
  afterAll(() => Promise.all([proxy.close(), server.stop()]));
  const restart = { restart: () => server.restart() };

  describe('with ioredis', () => {
    const contract = contractWith(ioredisClient, restart);
    for (const { name, run } of contract) test(name, run, patience);

    test('is asked for everything but the wall clock, which a process cannot set for a server', () => {
      expect(contract.missing).toEqual(['faults.stepWallClock']);
    });
  });

  describe('with node-redis', () => {
    for (const { name, run } of contractWith(nodeRedisClient, restart)) test(name, run, patience);
  });
});

describeWith('redis-server', 'the storage contract, on a server that keeps nothing', () => {
  beforeAll(async () => {
    server = await startRedis();
    proxy = await startProxy(server.port);
  });
  afterAll(() => Promise.all([proxy.close(), server.stop()]));

  // What a restart leaves of it is told in tokens.test.ts.
  for (const { name, run } of contractWith(ioredisClient)) test(name, run, patience);
});
