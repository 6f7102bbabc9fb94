export { natsBroker } from './nats-broker.ts';
export type { NatsBrokerOptions } from './nats-broker-options.ts';
