import { setTimeout as pause } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { MemoryStorage } from '../src/index.ts';

const holder = { ownerId: 'me' };
const request = (key: string, leaseId: string) => ({ key, leaseId, leaseMs: 30_000, holder });

// The contract of testkit runs over it in packages/testkit; here is what only the memory storage promises.

test('free keys are forgotten when there are many, and their tokens still rise', async () => {
  const storage = new MemoryStorage();
  let last = 0;
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < 5000; index += 1) {
      const key = `orders/${index}`;
      const leaseId = `${round}/${index}`;
      const answer = await storage.acquire(request(key, leaseId));
      if (!answer.acquired) throw new Error(`${key} was not free`);
      expect(answer.record.fencingToken).toBeGreaterThan(last);
      last = answer.record.fencingToken;
      await storage.release(key, leaseId);
    }
  }
  // Who came before is remembered for the keys that were used last only.
  const recent = await storage.acquire(request('orders/4999', 'later too'));
  const first = await storage.acquire(request('orders/0', 'later'));
  expect(first.acquired && first.previous).toBeUndefined();
  expect(recent.acquired && recent.previous?.releasedAt).toBeTypeOf('number');
});

test('a watcher that left is told nothing, and closing forgets all of them', async () => {
  const storage = new MemoryStorage();
  const told: string[] = [];
  const leave = storage.watch('orders/1', 'b', ({ type }) => told.push(`left: ${type}`));
  storage.watch('orders/1', 'b', ({ type }) => told.push(`stays: ${type}`));
  await storage.acquire(request('orders/1', 'a'));
  await storage.acquire({ ...request('orders/1', 'b'), waitMs: 30_000 });
  leave();
  await storage.release('orders/1', 'a');
  await pause(0); // a turn of the event loop: it is told in a microtask, never from inside the release
  expect(told).toEqual(['stays: granted']);
  await storage.forceRelease('orders/1');
  await storage.close();
  await pause(0);
  expect(told).toEqual(['stays: granted', 'stays: forced']);
});
