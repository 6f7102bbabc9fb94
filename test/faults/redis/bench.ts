import { type Locks, type LocksOptions, createLocks } from '@lockscope/storage-lock';
import { RedisStorage } from '@lockscope/storage-redis';
import { Redis } from 'ioredis';

import { type RedisTestOptions, type RedisTestServer, startRedis } from '../../support/servers/redis.ts';
import { type TcpProxy, startProxy } from '../../support/servers/tcp-proxy.ts';

/** A Redis, locks on it that each have connections of their own, and what closes all of it. */
export class RedisBench {
  readonly redis: RedisTestServer;
  readonly #closing: (() => Promise<unknown>)[] = [];

  private constructor(redis: RedisTestServer) {
    this.redis = redis;
  }

  static async start(options?: RedisTestOptions): Promise<RedisBench> {
    return new RedisBench(await startRedis(options));
  }

  /** Locks as another process would have them: with a storage, and so connections, of their own. */
  locks(options: Partial<LocksOptions> = {}, port: number = this.redis.port): Locks {
    const storage = new RedisStorage({ url: `redis://127.0.0.1:${port}` });
    const locks = createLocks({ storage, ...options });
    this.#closing.push(async () => {
      await locks.close();
      await storage.close();
    });
    return locks;
  }

  /** A network to the server in which something can go wrong. */
  async proxy(): Promise<TcpProxy> {
    const proxy = await startProxy(this.redis.port);
    this.#closing.push(() => proxy.close());
    return proxy;
  }

  /** A connection for whoever wants to look behind the scenes. */
  plain(): Redis {
    const client = new Redis(this.redis.port, { maxRetriesPerRequest: 0 });
    client.on('error', () => {});
    this.#closing.push(async () => client.disconnect());
    return client;
  }

  /** Closes in the order of making, and stops the server. */
  async end(): Promise<void> {
    for (const close of this.#closing) await close().catch(() => {});
    await this.redis.stop();
  }
}

/** How many commands the clients of locks have sent: scripts, since `resetCommands`. */
export async function sentCommands(client: Redis): Promise<number> {
  const stats = await client.info('commandstats');
  return [...stats.matchAll(/^cmdstat_(?:evalsha|eval|fcall):calls=(\d+)/gm)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
}

/** Begins to count anew. */
export async function resetCommands(client: Redis): Promise<void> {
  await client.config('RESETSTAT');
}

/** Keeps the event loop from turning. */
export function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}
