export { redisBroker } from './redis-broker.ts';
export type { RedisBrokerOptions, RedisClient } from './redis-broker-options.ts';
