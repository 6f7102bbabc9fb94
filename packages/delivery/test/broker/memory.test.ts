import { expect, it } from 'vitest';

import { memoryBroker } from '../../src/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

it('hands a thousand events over in order, and a group shares them', async () => {
  const broker = memoryBroker();
  const all: string[] = [];
  const shared: number[] = [0, 0];
  broker.subscribe('a.>', ({ body }) => all.push(new TextDecoder().decode(body)));
  for (const member of [0, 1])
    broker.subscribe('a.*', () => void (shared[member] = (shared[member] ?? 0) + 1), { group: 'g', concurrency: 2 });
  for (let number = 0; number < 1000; number += 1) await broker.publish('a.b', bytes(String(number)));
  await broker.publish('b.a', bytes('another'));
  await expect.poll(() => all.length).toBe(1000);
  expect(all).toEqual(Array.from({ length: 1000 }, (_, number) => String(number)));
  await expect.poll(() => (shared[0] ?? 0) + (shared[1] ?? 0)).toBe(1000);
  expect(Math.min(...shared)).toBeGreaterThan(300);
  await broker.close();
});

it('brings an event again that failed, and tells when it is dead', async () => {
  const broker = memoryBroker();
  const attempts: number[] = [];
  const dead: unknown[] = [];
  const subscription = broker.subscribe(
    'a',
    ({ attempt }) => {
      attempts.push(attempt);
      throw new Error(`attempt ${attempt}`);
    },
    { maxDeliveries: 3, retryDelayMs: 1, onDead: (_, error) => dead.push(error) },
  );
  await broker.publish('a', bytes('x'));
  await expect.poll(() => dead).toEqual([new Error('attempt 3')]);
  expect(attempts).toEqual([1, 2, 3]);
  expect(subscription.stats).toMatchObject({
    delivered: 3,
    redelivered: 2,
    failed: 3,
    dead: 1,
    handled: 0,
    pending: 0,
  });
  expect(await subscription.close()).toEqual({ undelivered: 0 });
});
