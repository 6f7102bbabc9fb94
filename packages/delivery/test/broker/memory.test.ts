import { expect, it } from 'vitest';

import { type Delivery, memoryBroker, type Subscription } from '../../src/index.ts';

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

it('says when events are gone that a position or a group had not seen yet', async () => {
  const broker = memoryBroker({ capacity: 10 });
  const told: unknown[] = [];
  const onError = (error: unknown): void => void told.push((error as { code?: unknown }).code);
  const first = broker.subscribe('a', () => undefined, { group: 'slow', onError });
  await broker.publish('a', bytes('0'));
  await first.close();
  for (let number = 1; number <= 20; number += 1) await broker.publish('a', bytes(String(number)));
  const heard: string[][] = [[], [], []];
  const options = [{ group: 'slow' }, { from: { after: '2' } }, { from: 'start' }] as const;
  for (const [at, given] of options.entries())
    broker.subscribe('a', ({ body }) => heard[at]?.push(new TextDecoder().decode(body)), { ...given, onError });
  await broker.close();
  expect(heard.map((texts) => [texts.length, texts[0]])).toEqual([
    [10, '11'],
    [10, '11'],
    [10, '11'],
  ]);
  // Who begins at the start misses nothing.
  expect(told).toEqual(['EVENTS_MISSED', 'EVENTS_MISSED']);
});

it('row 99: ten thousand random interleavings of publish, join, leave and fail lose nothing, double nothing, and count right', async () => {
  let operations = 0;
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = generator(seed);
    const broker = memoryBroker();
    const inOrder: string[] = [];
    broker.subscribe('a', ({ body }) => inOrder.push(new TextDecoder().decode(body)));
    const successes = new Map<string, number>();
    let failures = 0;
    let published = 0;
    const open: Subscription[] = [];
    const all: Subscription[] = [];
    const join = (): void => {
      const handler = async ({ body }: Delivery): Promise<void> => {
        const text = new TextDecoder().decode(body);
        if (random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
        if (random() < 0.2) {
          failures += 1;
          throw new Error('by chance');
        }
        successes.set(text, (successes.get(text) ?? 0) + 1);
      };
      const concurrency = 1 + Math.floor(random() * 3);
      const options = { group: 'one', concurrency, retryDelayMs: 0, maxDeliveries: 1_000_000 };
      const subscription = broker.subscribe('a', handler, options);
      open.push(subscription);
      all.push(subscription);
    };
    join();
    for (let step = 0; step < 60; step += 1) {
      operations += 1;
      const what = random();
      if (what < 0.5) await broker.publish('a', bytes(String(published++)));
      else if (what < 0.65) join();
      else if (what < 0.8) void open.splice(Math.floor(random() * open.length), 1)[0]?.close();
      else await new Promise((resolve) => setImmediate(resolve));
    }
    join();
    expect(await broker.close(), `seed ${seed}`).toEqual({ undelivered: 0 });
    const wanted = Array.from({ length: published }, (_, number) => String(number));
    expect(
      [...successes.entries()].toSorted(([a], [b]) => Number(a) - Number(b)),
      `seed ${seed}`,
    ).toEqual(wanted.map((text) => [text, 1]));
    expect(inOrder, `seed ${seed}`).toEqual(wanted);
    const sum = (name: 'handled' | 'failed' | 'delivered' | 'pending' | 'dead'): number =>
      all.reduce((total, { stats }) => total + stats[name], 0);
    expect([sum('handled'), sum('failed'), sum('delivered'), sum('pending'), sum('dead')], `seed ${seed}`).toEqual([
      published,
      failures,
      published + failures,
      0,
      0,
    ]);
  }
  expect(operations).toBeGreaterThanOrEqual(10_000);
}, 60_000);

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
