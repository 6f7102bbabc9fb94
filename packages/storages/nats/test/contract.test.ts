import { afterAll, describe, expect, test } from 'vitest';
import { storageContract } from '@lockscope/testkit';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { NatsStorage } from '../src/index.ts';
import { World } from './world.ts';

const capabilities = {
  reach: 'network',
  durable: true,
  notifies: true,
  queues: true,
  shares: true,
  turns: true,
} as const;

describeWith('nats-server', 'the storage contract', () => {
  const world = new World();
  afterAll(() => world.stop());

  const contract = storageContract({
    capabilities,
    forgetsReleased: true,
    create: async () => {
      const { port } = await world.proxy();
      const options = { servers: `127.0.0.1:${port}`, bucket: world.newBucket() };
      return { options, storage: new NatsStorage(options) };
    },
    second: ({ options }) => new NatsStorage(options),
    reopen: ({ options }) => new NatsStorage(options),
    faults: {
      damage: ({ options }, key) => world.put(options.bucket, key, 'of somebody else'),
      dropConnection: async () => (await world.proxy()).reset(),
      freeze: async () => (await world.server()).freeze(),
      thaw: async () => (await world.server()).thaw(),
      restart: async () => (await world.server()).restart(),
      slow: async (_, ms) => (await world.proxy()).set(ms === 0 ? {} : { replyDelayMs: ms }),
    },
    dispose: ({ options }) => world.removeBucket(options.bucket),
  });

  for (const { name, run } of contract) test(name, run, 60_000);

  test('is asked for everything but to set the clock of the server', () => {
    expect(contract.missing).toEqual(['faults.stepWallClock']);
  });
});

describe('without nats-server', () => {
  test('a storage can be made: nothing is opened before the first operation', async () => {
    const storage = new NatsStorage({ servers: '127.0.0.1:1' });
    await storage.close();
  });
});
