import { afterAll, describe, expect, test } from 'vitest';
import { storageContract } from '@lockscope/testkit';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { EtcdStorage } from '../src/index.ts';
import { World } from './world.ts';

const capabilities = {
  reach: 'network',
  durable: true,
  notifies: true,
  queues: true,
  shares: true,
  turns: true,
} as const;

/** Cases that break what all others use. */
const breaksTheServer = /^(stall|restart|connection|slow|kill|crash)/;

describeWith('etcd', 'the storage contract', () => {
  const world = new World();
  afterAll(() => world.stop());

  const contract = storageContract({
    capabilities,
    forgetsReleased: true,
    // etcd counts leases in seconds, looks for those that are over every half second, and knows none below two.
    shortLeaseMs: 4000,
    rounds: 200,
    create: async () => {
      const { port } = await world.proxy();
      const options = { hosts: `http://127.0.0.1:${port}`, prefix: world.newPrefix() };
      return { options, storage: new EtcdStorage(options) };
    },
    second: ({ options }) => new EtcdStorage(options),
    reopen: ({ options }) => new EtcdStorage(options),
    faults: {
      damage: ({ options }, key) => world.put(options.prefix, key, 'of somebody else'),
      dropConnection: async () => (await world.proxy()).reset(),
      freeze: async () => (await world.server()).freeze(),
      thaw: async () => (await world.server()).thaw(),
      restart: async () => (await world.server()).restart(),
      slow: async (_, ms) => (await world.proxy()).set(ms === 0 ? {} : { replyDelayMs: ms }),
    },
  });

  for (const { name, run } of contract) {
    // Most of the time goes by while a lease runs out.
    if (breaksTheServer.test(name)) test(name, run, 60_000);
    else test.concurrent(name, run, 120_000);
  }

  test('is asked for everything but to set the clock of the server', () => {
    expect(contract.missing).toEqual(['faults.stepWallClock']);
  });
});

describe('without etcd', () => {
  test('a storage can be made: nothing is opened before the first operation', async () => {
    const storage = new EtcdStorage({ hosts: 'http://127.0.0.1:1' });
    await storage.close();
  });
});
