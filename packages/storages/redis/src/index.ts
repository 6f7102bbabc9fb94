export { RedisClientError, RedisOptionsError } from './errors.ts';
export type { IoredisClient } from './ioredis-driver.ts';
export type { NodeRedisClient } from './node-redis-driver.ts';
export type { RedisClient, RedisClientOptions, RedisStorageOptions, RedisUrlOptions } from './redis-options.ts';
export { RedisStorage } from './redis-storage.ts';
