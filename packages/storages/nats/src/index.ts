export { NatsBucketError, NatsOptionsError } from './errors.ts';
export type { NatsStorageOptions } from './nats-options.ts';
export { NatsStorage } from './nats-storage.ts';
