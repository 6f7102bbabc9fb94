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
