import { Redlock as Sesamecare } from '@sesamecare-oss/redlock';
import { Mutex } from 'redis-semaphore';
import Redlock4 from 'redlock-4';
import Redlock5 from 'redlock-5';
import { createLock, IoredisAdapter, type Lock, type LockHandle } from 'redlock-universal';

import { leaseMs, type Party, type Peer } from './peer.ts';
import { connect } from './redis-bare.ts';
import { versionOf } from './version-of.ts';

// Each with the settings that it has when nobody sets any, but for the lease.

function ignore(): void {}

export const redlock4: Peer = {
  name: `redlock ${versionOf('redlock-4')}`,
  server: 'redis',
  async open(url): Promise<Party<{ unlock(): PromiseLike<void> }>> {
    const client = await connect(url);
    const redlock = new Redlock4([client]).on('clientError', ignore);
    return {
      acquire: async (key) => redlock.lock(`redlock4:${key}`, leaseMs),
      release: async (lock) => lock.unlock(),
      close: async () => client.disconnect(),
    };
  },
};

export const redlock5: Peer = {
  name: `redlock ${versionOf('redlock-5')}`,
  server: 'redis',
  async open(url): Promise<Party<{ release(): Promise<unknown> }>> {
    const client = await connect(url);
    const redlock = new Redlock5([client]).on('error', ignore);
    return {
      acquire: (key) => redlock.acquire([`redlock5:${key}`], leaseMs),
      release: (lock) => lock.release(),
      close: async () => client.disconnect(),
    };
  },
};

export const sesamecare: Peer = {
  name: `@sesamecare-oss/redlock ${versionOf('@sesamecare-oss/redlock')}`,
  server: 'redis',
  async open(url): Promise<Party<{ release(): Promise<unknown> }>> {
    const client = await connect(url);
    const redlock = new Sesamecare([client]);
    redlock.on('error', ignore);
    return {
      acquire: (key) => redlock.acquire([`sesamecare:${key}`], leaseMs),
      release: (lock) => lock.release(),
      close: async () => client.disconnect(),
    };
  },
};

export const universalLean: Peer = universal('lean');
/** What it does when nobody chooses. */
export const universalStandard: Peer = universal('standard');

function universal(performance: 'lean' | 'standard'): Peer {
  return {
    name: `redlock-universal ${versionOf('redlock-universal')}, ${performance}`,
    server: 'redis',
    async open(url): Promise<Party<{ readonly lock: Lock; readonly handle: LockHandle }>> {
      const client = await connect(url);
      const adapter = new IoredisAdapter(client);
      const locks = new Map<string, Lock>();
      const lockOf = (key: string): Lock => {
        const made = locks.get(key) ?? createLock({ adapter, key: `${performance}:${key}`, ttl: leaseMs, performance });
        locks.set(key, made);
        return made;
      };
      return {
        async acquire(key) {
          const lock = lockOf(key);
          return { lock, handle: await lock.acquire() };
        },
        release: ({ lock, handle }) => lock.release(handle),
        close: async () => client.disconnect(),
      };
    },
  };
}

export const redisSemaphore: Peer = {
  name: `redis-semaphore ${versionOf('redis-semaphore')}`,
  server: 'redis',
  async open(url): Promise<Party<Mutex>> {
    const client = await connect(url);
    return {
      async acquire(key) {
        const mutex = new Mutex(client, `semaphore:${key}`, { lockTimeout: leaseMs });
        await mutex.acquire();
        return mutex;
      },
      release: (mutex) => mutex.release(),
      close: async () => client.disconnect(),
    };
  },
};
