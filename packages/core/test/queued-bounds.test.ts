import { describe, expect, it } from 'vitest';

import {
  InvalidOptionsError,
  ListenerSet,
  queued,
  type Listener,
  type QueuedListener,
  type QueuedOptions,
} from '../src/index.ts';

async function told(options: QueuedOptions, count: number): Promise<{ keys: string[]; queue: QueuedListener }> {
  const keys: string[] = [];
  const queue = queued({ name: 'l', on: ({ lockKey }) => void keys.push(lockKey) }, options);
  const set = new ListenerSet({ listeners: [queue] });
  for (let n = 1; n <= count; n += 1) set.begin('lock.inspect', { lockName: 'a', lockKey: `k${n}` })?.end('ok');
  expect(queue.depth).toBeLessThanOrEqual(options.capacity ?? 10_000);
  await queue.flush();
  return { keys, queue };
}

describe('a full queue', () => {
  it('lets go of what waited longest, and counts it', async () => {
    const { keys, queue } = await told({ capacity: 3 }, 10);
    expect(keys).toEqual(['k8', 'k9', 'k10']);
    expect(queue.dropped).toBe(7);
  });

  it('lets go of what is new, and counts it, when told so', async () => {
    const { keys, queue } = await told({ capacity: 3, onFull: 'drop_newest' }, 10);
    expect(keys).toEqual(['k1', 'k2', 'k3']);
    expect(queue.dropped).toBe(7);
  });

  it('has room for 10,000 when nothing else is said', async () => {
    const { keys, queue } = await told({}, 10_001);
    expect(keys).toHaveLength(10_000);
    expect(keys[0]).toBe('k2');
    expect(queue.dropped).toBe(1);
  });

  it('drops nothing that fits', async () => {
    const { keys, queue } = await told({ capacity: 10 }, 10);
    expect(keys).toHaveLength(10);
    expect(queue.dropped).toBe(0);
  });

  it('takes again once it has room', async () => {
    const { keys, queue } = await told({ capacity: 2 }, 2);
    const set = new ListenerSet({ listeners: [queue] });
    set.begin('lock.inspect', { lockName: 'a', lockKey: 'later' })?.end('ok');
    await queue.flush();
    expect(keys).toEqual(['k1', 'k2', 'later']);
  });
});

describe('options that are out of bounds', () => {
  const listener: Listener = { name: 'l', on: () => {} };

  it.each([0, -1, 1.5, Number.NaN, Infinity, 2 ** 53])('a capacity of %d is refused', (capacity) => {
    expect(() => queued(listener, { capacity })).toThrow(
      new InvalidOptionsError([`capacity must be an integer of at least 1, got ${capacity}`]),
    );
  });

  it.each([0, -1, Number.NaN, Infinity, 2 ** 31])('a timeout of %d ms is refused', (timeoutMs) => {
    expect(() => queued(listener, { timeoutMs })).toThrow(
      new InvalidOptionsError([`timeoutMs must be above 0 and at most 2147483647, got ${timeoutMs}`]),
    );
  });

  it('are all named at once', () => {
    const wrong = { capacity: 'many', onFull: 'panic', timeoutMs: -1 } as unknown as QueuedOptions;
    expect(() => queued(listener, wrong)).toThrow(
      new InvalidOptionsError([
        'capacity must be an integer of at least 1, got many',
        'onFull must be drop_oldest or drop_newest, got panic',
        'timeoutMs must be above 0 and at most 2147483647, got -1',
      ]),
    );
  });

  it('are those beyond the bounds, not those on them', () => {
    expect(() => queued(listener, { capacity: 1, timeoutMs: 2 ** 31 - 1 })).not.toThrow();
    expect(() => queued(listener, { timeoutMs: 0.5 })).not.toThrow();
  });
});

describe('a listener that must answer at once', () => {
  it.each(['around', 'traceparent'] as const)('with %s() is refused', (method) => {
    const listener = { name: 'tracer', on: () => {}, [method]: () => undefined };
    expect(() => queued(listener)).toThrow(
      new TypeError(`listener "tracer" has ${method}(), which needs an answer at once and cannot be queued`),
    );
  });
});
