import { setTimeout as sleep } from 'node:timers/promises';

import type { StruckOperation } from './striking-storage.ts';
import type { World } from './world.ts';

/** Something that goes wrong and is healed. Resolves when it is over. */
export interface Fault {
  readonly name: string;
  /** It needs a server, and a network to it. */
  readonly needsServer: boolean;
  happen(world: World): Promise<void>;
}

const operations: readonly StruckOperation[] = ['acquire', 'renew', 'release', 'hand-over'];

/** The server is killed in the middle of each operation. */
export const serverKills: readonly Fault[] = operations.map((operation) => ({
  name: `the server is killed in the middle of ${withArticle(operation)}`,
  needsServer: true,
  happen: async (world: World) => {
    const { client } = world.anyClient();
    const afterUs = world.random.int(0, 1_500);
    client.tell({ do: 'strike', operation, afterUs, pid: world.server.pid });
    await client.hears('struck', 15_000);
    await world.serverKilled();
    await sleep(world.random.int(0, 100));
    await world.server.start();
  },
}));

/** A client is killed in the middle of each operation. */
export const clientKills: readonly Fault[] = operations.map((operation) => ({
  name: `a client is killed in the middle of ${withArticle(operation)}`,
  needsServer: false,
  happen: async (world: World) => {
    const { client } = world.anyClient();
    client.willDie();
    client.tell({ do: 'strike', operation, afterUs: world.random.int(0, 1_500) });
    await client.gone(15_000);
    await world.replace(client);
  },
}));

/** Whatever else goes wrong in a campaign. */
export const otherFaults: readonly Fault[] = [
  {
    name: 'the server is frozen',
    needsServer: true,
    happen: async (world) => {
      world.server.freeze();
      await sleep(aroundALease(world));
      world.server.thaw();
    },
  },
  {
    name: 'a client is frozen',
    needsServer: false,
    happen: async (world) => {
      const { client } = world.anyClient();
      client.freeze();
      await sleep(aroundALease(world));
      client.thaw();
    },
  },
  {
    name: 'the event loop of a client is blocked',
    needsServer: false,
    happen: async (world) => {
      const forMs = aroundALease(world);
      world.anyClient().client.tell({ do: 'block', forMs });
      await sleep(forMs);
    },
  },
  {
    name: 'all connections are cut',
    needsServer: true,
    happen: async (world) => {
      for (const proxy of world.proxies) proxy.reset();
      await sleep(world.random.int(0, 20));
    },
  },
  {
    name: 'replies come late',
    needsServer: true,
    happen: async (world) => {
      const proxy = world.anyClient().proxy!;
      proxy.set({ replyDelayMs: aroundALease(world) });
      await sleep(world.times.leaseMs);
      proxy.set({});
    },
  },
  {
    name: 'replies are lost, and the connection with them',
    needsServer: true,
    happen: async (world) => {
      const proxy = world.anyClient().proxy!;
      proxy.set({ blackhole: 'replies' });
      await sleep(world.random.int(1, world.times.leaseMs));
      proxy.set({});
      proxy.reset();
    },
  },
  {
    name: 'a client is cut off from the server',
    needsServer: true,
    happen: async (world) => {
      const proxy = world.anyClient().proxy!;
      proxy.set({ blackhole: true, down: world.random.pick([true, false]) });
      await sleep(aroundALease(world));
      proxy.set({});
      proxy.reset();
    },
  },
];

/** From a fifth of a lease, which nobody should mind, to twice the lease, which nobody can hide. */
function aroundALease({ random, times: { leaseMs } }: World): number {
  return random.int(leaseMs / 5, leaseMs * 2);
}

function withArticle(operation: StruckOperation): string {
  return operation === 'acquire' ? 'an acquire' : `a ${operation}`;
}
