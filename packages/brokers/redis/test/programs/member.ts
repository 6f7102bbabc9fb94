import { redisBroker } from '../../src/index.ts';

// Begins to handle one event of a group, says so, and never ends.
const [url = '', name = ''] = process.argv.slice(2);
const broker = redisBroker({ url, prefix: name });
const work = (): Promise<void> => {
  process.send?.({ result: 'it works' });
  return new Promise(() => undefined);
};
const subscription = broker.subscribe('work', work, { group: 'workers', ackWaitMs: 500, from: 'start' });
await subscription.ready;
