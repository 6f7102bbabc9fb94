import { BrokerRefusedError } from '@lockscope/delivery';
import type { RedisDriver } from './driver.ts';
import { IoredisDriver, isIoredis } from './ioredis-driver.ts';
import { NodeRedisDriver } from './node-redis-driver.ts';
import type { CheckedOptions } from './redis-broker-options.ts';

/**
 * The client that was given, or one of the broker's own: of the wanted package, else ioredis when it is installed, else
 * redis.
 *
 * @throws {BrokerRefusedError} when the package is not installed.
 */
export async function connect({ client, url = '', driver }: CheckedOptions): Promise<RedisDriver> {
  if (client !== undefined) return isIoredis(client) ? IoredisDriver.given(client) : NodeRedisDriver.given(client);
  const ioredis = driver === 'redis' ? undefined : await load('ioredis');
  if (ioredis !== undefined) return IoredisDriver.make(ioredis, url);
  const redis = driver === 'ioredis' ? undefined : await load('redis');
  if (redis !== undefined) return NodeRedisDriver.make(redis, url);
  const missing = driver === undefined ? 'neither ioredis nor redis is installed' : `${driver} is not installed`;
  throw new BrokerRefusedError('redis', 'connect', `${missing}: run "npm install ${driver ?? 'ioredis'}"`);
}

async function load(name: string): Promise<unknown> {
  try {
    return await import(name);
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw new BrokerRefusedError('redis', 'connect', `the package ${name} cannot be loaded`, { cause });
  }
}
