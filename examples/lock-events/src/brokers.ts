import { natsBroker } from '@lockscope/broker-nats';
import { redisBroker } from '@lockscope/broker-redis';
import type { Broker } from '@lockscope/delivery';

/** One of them would do. Both are here to show that it makes no difference. */
export function connect(nats: string, redis: string): readonly Broker[] {
  return [natsBroker({ servers: nats, stream: 'locks' }), redisBroker({ url: redis, prefix: 'locks' })];
}
