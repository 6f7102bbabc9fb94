import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storageContract, type StorageSetup } from '@lockscope/testkit';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { RedisStorage, type RedisClient } from '../src/index.ts';

const capabilities = { reach: 'network', durable: true, notifies: true, queues: true, shares: true } as const;

interface Setup extends StorageSetup {
  readonly clients: Client[];
}

interface Client {
  readonly client: RedisClient;
  readonly end: () => unknown;
}

let server: RedisTestServer;

function ioredis(): Client {
  const client = new Redis(server.url, { retryStrategy: () => 20 });
  client.on('error', () => undefined);
  return { client, end: () => client.disconnect() };
}

async function nodeRedis(): Promise<Client> {
  const client = createClient({ url: server.url, socket: { reconnectStrategy: () => 20 } });
  client.on('error', () => undefined);
  await client.connect();
  return { client, end: () => client.destroy() };
}

async function admin(...command: [string, ...string[]]): Promise<unknown> {
  const client = new Redis(server.url);
  const [name, ...args] = command;
  try {
    return await client.call(name, ...args);
  } finally {
    client.disconnect();
  }
}

function contractWith(connect: () => Client | Promise<Client>) {
  const open = async (setup: Pick<Setup, 'clients'>): Promise<RedisStorage> => {
    const made = await connect();
    setup.clients.push(made);
    return new RedisStorage({ client: made.client });
  };
  return storageContract<Setup>({
    capabilities,
    forgetsReleased: true,
    renewsMany: true,
    create: async () => {
      await admin('FLUSHALL');
      const clients: Client[] = [];
      return { clients, storage: await open({ clients }) };
    },
    second: open,
    reopen: open,
    faults: {
      damage: async (_, key) => {
        const [name] = (await admin('KEYS', `lockscope:{*}:l:${key}`)) as [string];
        await admin('SET', name, 'of somebody else');
      },
      dropConnection: async () => {
        await admin('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      },
      freeze: () => server.freeze(),
      thaw: () => server.thaw(),
      restart: () => server.restart(),
    },
    dispose: ({ clients }) => {
      for (const { end } of clients) end();
    },
  });
}

describeWith('redis-server', 'the storage contract', () => {
  beforeAll(async () => {
    server = await startRedis({ persistent: true });
  });
  afterAll(() => server.stop());

  describe('with ioredis', () => {
    const contract = contractWith(ioredis);
    for (const { name, run } of contract) test(name, run);

    test('is asked for everything but the wall clock, which a process cannot set for a server', () => {
      expect(contract.missing).toEqual(['faults.stepWallClock']);
    });
  });

  describe('with node-redis', () => {
    for (const { name, run } of contractWith(nodeRedis)) test(name, run);
  });
});
