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

type Opened = { readonly storage: RedisStorage; readonly end: () => unknown };

interface Setup extends StorageSetup {
  readonly ends: Opened['end'][];
}

const given =
  (connect: (place: Place) => TestClient | Promise<TestClient>) =>
  async (place: Place): Promise<Opened> => {
    const { client, end } = await connect(place);
    return { storage: new RedisStorage({ client }), end };
  };

const own =
  (driver: 'ioredis' | 'redis') =>
  ({ port }: Place): Opened => {
    const storage = new RedisStorage({ url: `redis://127.0.0.1:${port}`, driver });
    return { storage, end: () => storage.close() };
  };

let server: RedisTestServer;
/** Between the storages and the server. */
let proxy: TcpProxy;

function contractWith(
  make: (place: Place) => Opened | Promise<Opened>,
  faults: StorageFaults<Setup> = {},
): ReturnType<typeof storageContract> {
  const open = async ({ ends }: Pick<Setup, 'ends'>): Promise<RedisStorage> => {
    const { storage, end } = await make(proxy);
    ends.push(end);
    return storage;
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
      const ends: Opened['end'][] = [];
      return { ends, storage: await open({ ends }) };
    },
    second: open,
    reopen: open,
    faults: {
      damage: async (_, key) => {
        const [name] = (await admin(server, 'KEYS', `lockscope:{*}:l:${key}`)) as [string];
        await admin(server, 'SET', name, 'of somebody else');
      },
      dropConnection: async () => {
        // A connection that takes commands and listens is of the second type.
        for (const type of ['normal', 'pubsub']) await admin(server, 'CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
      },
      freeze: () => server.freeze(),
      thaw: () => server.thaw(),
      slow: (_, ms) => proxy.set(ms > 0 ? { replyDelayMs: ms } : {}),
      ...faults,
    },
    dispose: async ({ ends }) => {
      proxy.set({});
      for (const end of ends) await end();
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
    const contract = contractWith(given(ioredisClient), restart);
    for (const { name, run } of contract) test(name, run, patience);

    test('is asked for everything but the wall clock, which a process cannot set for a server', () => {
      expect(contract.missing).toEqual(['faults.stepWallClock']);
    });
  });

  describe('with node-redis', () => {
    for (const { name, run } of contractWith(given(nodeRedisClient), restart)) test(name, run, patience);
  });
});

describeWith('redis-server', 'the storage contract, over a client that the storage makes', () => {
  beforeAll(async () => {
    server = await startRedis({ persistent: true });
    proxy = await startProxy(server.port);
  });
  afterAll(() => Promise.all([proxy.close(), server.stop()]));

  describe.each(['ioredis', 'redis'] as const)('of %s', (driver) => {
    for (const { name, run } of contractWith(own(driver), { restart: () => server.restart() }))
      test(name, run, patience);
  });
});

describeWith('redis-server', 'the storage contract, on a server that keeps nothing', () => {
  beforeAll(async () => {
    server = await startRedis();
    proxy = await startProxy(server.port);
  });
  afterAll(() => Promise.all([proxy.close(), server.stop()]));

  // What a restart leaves of it is told in tokens.test.ts.
  for (const { name, run } of contractWith(given(ioredisClient))) test(name, run, patience);
});
