import type { RedisDriver } from './driver.ts';
import { RedisClientError } from './errors.ts';
import { IoredisDriver, type IoredisClient } from './ioredis-driver.ts';
import { NodeRedisDriver, type NodeRedisClient } from './node-redis-driver.ts';
import { isIoredis, type RedisClient } from './redis-options.ts';
import { reconnectPause } from './connection.ts';

/** A client that was given. */
export function givenDriver(client: RedisClient): RedisDriver {
  return isIoredis(client) ? new IoredisDriver(client) : new NodeRedisDriver(client);
}

/**
 * A client of the storage's own: of the wanted package, else ioredis when it is installed, else redis. It keeps no
 * command for later: one that cannot be sent, or is not answered within `timeoutMs`, fails, so that no lock is taken for
 * somebody who gave up.
 *
 * @throws {RedisClientError} when the package is not installed.
 */
export async function ownDriver(
  url: string,
  timeoutMs: number,
  wanted: 'ioredis' | 'redis' | undefined,
): Promise<RedisDriver> {
  const ioredis = wanted === 'redis' ? undefined : await load<Ioredis>('ioredis');
  if (ioredis !== undefined) return ioredisDriver(ioredis, url, timeoutMs);
  const redis = wanted === 'ioredis' ? undefined : await load<NodeRedis>('redis');
  if (redis !== undefined) return nodeRedisDriver(redis, url, timeoutMs);
  const missing = wanted === undefined ? 'neither ioredis nor redis is installed' : `${wanted} is not installed`;
  throw new RedisClientError(`${missing}: run "npm install ${wanted ?? 'ioredis'}", or give a client`);
}

interface Ioredis {
  readonly Redis: new (url: string, options: object) => IoredisClient;
}

function ioredisDriver({ Redis }: Ioredis, url: string, timeoutMs: number): RedisDriver {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    retryStrategy: reconnectPause,
  });
  // Without a listener it writes to the console. Who asks is told.
  client.on('error', () => undefined);
  // Its own limit makes a timer for each command. It is left to what the client says while it connects.
  client.on('ready', () => (client.options.commandTimeout = undefined));
  client.on('close', () => (client.options.commandTimeout = timeoutMs));
  return new IoredisDriver(client, timeoutMs);
}

interface NodeRedis {
  createClient(options: object): NodeRedisClient;
}

function nodeRedisDriver(redis: NodeRedis, url: string, timeoutMs: number): RedisDriver {
  const client = redis.createClient({
    url,
    RESP: 3,
    disableOfflineQueue: true,
    socket: { connectTimeout: timeoutMs, reconnectStrategy: reconnectPause },
  });
  const driver = new NodeRedisDriver(client, timeoutMs);
  driver.connect();
  return driver;
}

async function load<T>(name: string): Promise<T | undefined> {
  try {
    return (await import(name)) as T;
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw new RedisClientError(`the package ${name} cannot be loaded`, { cause });
  }
}
