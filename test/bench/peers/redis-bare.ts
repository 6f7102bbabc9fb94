import { randomUUID } from 'node:crypto';

import { Redis } from 'ioredis';

import { leaseMs, patience, type Party, type Peer } from './peer.ts';

/** Lets a connection of ioredis be made without its name appearing everywhere. */
export async function connect(url: string): Promise<Redis> {
  const client = new Redis(url, { lazyConnect: true });
  await client.connect();
  return client;
}

interface Token {
  readonly key: string;
  readonly token: string;
}

interface Releasing {
  compareAndDelete(key: string, token: string): Promise<number>;
}

const compareAndDelete = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;

/** The least that is called a lock: no waiting, no token, no renewal. */
export const bare: Peer = {
  name: 'bare SET NX PX, scripted delete',
  server: 'redis',
  async open(url): Promise<Party<Token>> {
    const client = await connect(url);
    client.defineCommand('compareAndDelete', { numberOfKeys: 1, lua: compareAndDelete });
    const releasing = client as unknown as Releasing;
    return {
      async acquire(key) {
        const token = randomUUID();
        if ((await client.set(`bare:${key}`, token, 'PX', leaseMs, 'NX')) !== 'OK') throw new Error(`${key} is taken`);
        return { key, token };
      },
      async release({ key, token }) {
        if ((await releasing.compareAndDelete(`bare:${key}`, token)) !== 1) throw new Error(`${key} was lost`);
      },
      close: () => client.quit(),
    };
  },
};

/**
 * One token in a list: who pops it has the lock. As fast and as fair as Redis can hand something over, and no lock: who
 * dies takes the token along. What contended locks are compared to.
 */
export const blpop: Peer = {
  name: 'BLPOP token (no lease)',
  server: 'redis',
  async open(url): Promise<Party<string>> {
    const client = await connect(url);
    const seen = new Set<string>();
    return {
      async acquire(key, waitMs = patience) {
        if (!seen.has(key)) {
          seen.add(key);
          // The first of all brings the token along.
          if ((await client.set(`blpop:made:${key}`, '1', 'NX')) === 'OK') await client.rpush(`blpop:${key}`, '1');
        }
        const popped = await client.blpop(`blpop:${key}`, waitMs / 1000);
        if (popped === null) throw new Error(`${key} was not free in time`);
        return key;
      },
      release: (key) => client.rpush(`blpop:${key}`, '1'),
      close: async () => client.disconnect(),
    };
  },
};

interface Line {
  standInLine(key: string, channel: string): Promise<number>;
  tellTheNext(key: string): Promise<unknown>;
}

const standInLine = `return redis.call('rpush', KEYS[1], ARGV[1])`;
const tellTheNext = `redis.call('lpop', KEYS[1])
local next = redis.call('lindex', KEYS[1], 0)
if next then redis.call('publish', next, KEYS[1]) end`;

/**
 * A line in a list, whose first one has the lock: a release takes that one off and tells the next one. The least that a
 * hand-over costs by which nobody's connection has to stand still; no lock, as who dies stays the first in line.
 */
export const pubsub: Peer = {
  name: 'pub/sub token (no lease)',
  server: 'redis',
  async open(url): Promise<Party<string>> {
    const [client, subscriber] = await Promise.all([connect(url), connect(url)]);
    client.defineCommand('standInLine', { numberOfKeys: 1, lua: standInLine });
    client.defineCommand('tellTheNext', { numberOfKeys: 1, lua: tellTheNext });
    const line = client as unknown as Line;
    const channel = `pubsub:${randomUUID()}`;
    const told = new Map<string, () => void>();
    subscriber.on('message', (_: string, key: string) => told.get(key)?.());
    await subscriber.subscribe(channel);
    return {
      async acquire(key) {
        const name = `pubsub:${key}`;
        // It may be told before it has the answer.
        const turn = new Promise<void>((resolve) => told.set(name, resolve));
        if ((await line.standInLine(name, channel)) > 1) await turn;
        return name;
      },
      release: (name) => line.tellTheNext(name),
      async close() {
        client.disconnect();
        subscriber.disconnect();
      },
    };
  },
};
