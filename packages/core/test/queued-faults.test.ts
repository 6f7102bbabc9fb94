import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ListenerSet, queued, type Listener, type QueuedListener, type QueuedOptions } from '../src/index.ts';
import { unhandledDuring } from './unhandled.ts';

const boom = new Error('boom');

function tell(queue: QueuedListener, ...keys: string[]): ListenerSet {
  const set = new ListenerSet({ listeners: [queue] });
  for (const lockKey of keys) set.begin('lock.inspect', { lockName: 'a', lockKey })?.end('ok');
  return set;
}

/** A queue before a listener that fails for the key `bad`, in some way. */
function failing(fail: () => unknown, options: QueuedOptions = {}): { queue: QueuedListener; told: string[] } {
  const told: string[] = [];
  const listener: Listener = {
    name: 'l',
    on({ lockKey }) {
      told.push(lockKey);
      if (lockKey === 'bad') return fail() as Promise<void>;
      return undefined;
    },
  };
  return { queue: queued(listener, options), told };
}

const ways: readonly (readonly [way: string, fail: () => unknown])[] = [
  [
    'throws',
    () => {
      throw boom;
    },
  ],
  ['rejects', () => Promise.reject(boom)],
  [
    'gives a thenable whose then throws',
    () => ({
      // oxlint-disable-next-line unicorn/no-thenable
      get then() {
        throw boom;
      },
    }),
  ],
];

describe('a delivery that fails', () => {
  it.each(ways)('because the listener %s is counted and told, and the next one follows', async (_way, fail) => {
    const errors: unknown[] = [];
    const { queue, told } = failing(fail, { onError: (error, { lockKey }) => errors.push([error, lockKey]) });
    const set = tell(queue, 'a', 'bad', 'c');
    await queue.flush();
    expect(told).toEqual(['a', 'bad', 'c']);
    expect(queue.failed).toBe(1);
    expect(errors).toEqual([[boom, 'bad']]);
    expect(set.stats(), 'the lock hears nothing of it').toEqual([{ name: 'l', faults: 0 }]);
  });

  it.each(ways)('is only counted when nobody wants to know and the listener %s', async (_way, fail) => {
    const { queue } = failing(fail);
    const unhandled = await unhandledDuring(async () => {
      tell(queue, 'bad', 'bad');
      await queue.flush();
    });
    expect(unhandled).toEqual([]);
    expect(queue.failed).toBe(2);
  });

  it.each(ways)('harms nobody when who is told of it %s as well, and is counted twice', async (_way, fail) => {
    const { queue, told } = failing(fail, { onError: fail });
    const unhandled = await unhandledDuring(async () => {
      tell(queue, 'bad', 'c');
      await queue.flush();
    });
    expect(unhandled).toEqual([]);
    expect(told).toEqual(['bad', 'c']);
    expect(queue.failed).toBe(2);
  });
});

describe('a delivery that never settles', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is given up after the timeout, and the next one follows', async () => {
    const errors: unknown[] = [];
    const options = { timeoutMs: 500, onError: (error: unknown) => void errors.push(error) };
    const { queue, told } = failing(() => new Promise(() => {}), options);
    tell(queue, 'bad', 'c');
    await vi.advanceTimersByTimeAsync(499);
    expect(told).toEqual(['bad']);
    expect(queue.failed).toBe(0);
    await vi.advanceTimersByTimeAsync(2);
    expect(told).toEqual(['bad', 'c']);
    expect(queue.failed).toBe(1);
    expect(errors).toEqual([new Error('listener "l" did not settle within 500 ms')]);
    expect(vi.getTimerCount(), 'no timer is left').toBe(0);
  });

  it('has 30 seconds when nothing else is said', async () => {
    const { queue } = failing(() => new Promise(() => {}));
    tell(queue, 'bad');
    await vi.advanceTimersByTimeAsync(29_999);
    expect(queue.failed).toBe(0);
    await vi.advanceTimersByTimeAsync(2);
    expect(queue.failed).toBe(1);
  });

  it('may still reject later: nobody is told twice', async () => {
    let reject = (_error: Error): void => {};
    const { queue } = failing(() => new Promise((_resolve, rejectIt) => (reject = rejectIt)), { timeoutMs: 500 });
    tell(queue, 'bad');
    await vi.advanceTimersByTimeAsync(501);
    vi.useRealTimers();
    expect(await unhandledDuring(() => reject(boom))).toEqual([]);
    expect(queue.failed).toBe(1);
  });

  it('leaves no timer when it settles in time', async () => {
    const { queue } = failing(() => Promise.resolve());
    tell(queue, 'bad');
    await vi.advanceTimersByTimeAsync(1);
    expect(queue.failed).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
