import { dispatcherContract } from '@lockscope/testkit';
import { describe, expect, test } from 'vitest';

import { brokerDispatcher, memoryBroker } from '../../src/index.ts';

const facts = { delays: false, ids: false, limits: false, keeps: true } as const;

describe('row 87: the dispatcher contract, over the broker in memory', () => {
  const contract = dispatcherContract({
    ...facts,
    create: (demands) => {
      const broker = memoryBroker();
      return { dispatcher: brokerDispatcher(broker, demands), dispose: () => broker.close() };
    },
  });
  for (const { name, run } of contract) test(`row 87: ${name}`, run);
  test('row 87: what a broker cannot is said', () => {
    expect(contract.missing).toEqual(['delays', 'ids', 'limits']);
  });
});

test('row 87: an event that is to be held back is refused, not handed out early', async () => {
  const broker = memoryBroker();
  const dispatcher = brokerDispatcher(broker, { elsewhere: ['orders'] });
  await dispatcher.dispatch('orders', 1);
  const delayed = dispatcher.dispatch('orders', 2, { delayMs: 10 });
  await expect(delayed).rejects.toMatchObject({ code: 'BROKER_CAPABILITY', capability: 'delays' });
  await dispatcher.close();
  await broker.close();
});

test('row 87: two dispatchers of one name share the events of a handler', async () => {
  const broker = memoryBroker();
  const seen: number[][] = [[], []];
  const nodes = seen.map((mine) => {
    const node = brokerDispatcher<{ orders: number }>(broker);
    node.register('orders', (n) => void mine.push(n), { name: 'mail' });
    return node;
  });
  await Promise.all(nodes.map((node) => node.ready()));
  for (let n = 0; n < 100; n += 1) await nodes[n % 2]?.dispatch('orders', n);
  await expect.poll(() => seen.flat().length, { timeout: 10_000 }).toBe(100);
  expect(seen.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  for (const node of nodes) await node.close();
  await broker.close();
});
