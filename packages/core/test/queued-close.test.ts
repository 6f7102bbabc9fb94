import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { InvalidOptionsError, ListenerSet, queued, type QueuedListener } from '../src/index.ts';

/** A queue before a listener that is stuck on its first delivery, until it is let go. */
function stuck(): { queue: QueuedListener; told: string[]; letGo: () => void; tell: (...keys: string[]) => void } {
  const told: string[] = [];
  let letGo = (): void => {};
  const queue = queued({
    name: 'stuck',
    on({ lockKey }) {
      told.push(lockKey);
      return told.length > 1 ? undefined : new Promise<void>((resolve) => (letGo = resolve));
    },
  });
  const set = new ListenerSet({ listeners: [queue] });
  const tell = (...keys: string[]): void => {
    for (const lockKey of keys) set.begin('lock.inspect', { lockName: 'a', lockKey })?.end('ok');
  };
  return { queue, told, tell, letGo: () => letGo() };
}

describe('close()', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('delivers what waits, and says that nothing is left', async () => {
    const { queue, told, tell, letGo } = stuck();
    tell('a', 'b', 'c');
    await vi.advanceTimersByTimeAsync(1);
    const closed = queue.close();
    letGo();
    await vi.advanceTimersByTimeAsync(1);
    expect(await closed).toEqual({ undelivered: 0 });
    expect(told).toEqual(['a', 'b', 'c']);
    expect(queue.dropped).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives up at its deadline, and counts what is left as dropped', async () => {
    const { queue, told, tell, letGo } = stuck();
    tell('a', 'b', 'c');
    await vi.advanceTimersByTimeAsync(1);
    let closed: unknown;
    void queue.close({ timeoutMs: 200 }).then((result) => (closed = result));
    await vi.advanceTimersByTimeAsync(199);
    expect(closed).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2);
    expect(closed).toEqual({ undelivered: 2 });
    expect(queue).toMatchObject({ dropped: 2, depth: 0 });
    letGo();
    await vi.advanceTimersByTimeAsync(1);
    expect(told, 'what was given up is not delivered after all').toEqual(['a']);
  });

  it('waits for 5 seconds when nothing else is said', async () => {
    const { queue, tell } = stuck();
    tell('a', 'b');
    await vi.advanceTimersByTimeAsync(1);
    let closed = false;
    void queue.close().then(() => (closed = true));
    await vi.advanceTimersByTimeAsync(4998);
    expect(closed).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    expect(closed).toBe(true);
  });

  it('takes nothing more, and counts what comes as dropped', async () => {
    const { queue, told, tell } = stuck();
    await queue.close();
    tell('a', 'b');
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual([]);
    expect(queue).toMatchObject({ dropped: 2, depth: 0 });
  });

  it('twice waits for the same end', async () => {
    const { queue, tell } = stuck();
    tell('a', 'b');
    await vi.advanceTimersByTimeAsync(1);
    const both = Promise.all([queue.close({ timeoutMs: 100 }), queue.close({ timeoutMs: 60_000 })]);
    await vi.advanceTimersByTimeAsync(101);
    expect(await both).toEqual([{ undelivered: 1 }, { undelivered: 1 }]);
    expect(await queue.close()).toEqual({ undelivered: 1 });
    expect(queue.dropped).toBe(1);
  });

  it('with 0 ms gives up at once', async () => {
    const { queue, tell } = stuck();
    tell('a', 'b');
    await vi.advanceTimersByTimeAsync(1);
    const closed = queue.close({ timeoutMs: 0 });
    await vi.advanceTimersByTimeAsync(0);
    expect(await closed).toEqual({ undelivered: 1 });
  });

  it.each([-1, Number.NaN, Infinity, 2 ** 31])('refuses %d ms, and stays open', async (timeoutMs) => {
    const { queue, told, tell } = stuck();
    await expect(queue.close({ timeoutMs })).rejects.toThrow(
      new InvalidOptionsError([`timeoutMs must be from 0 to 2147483647, got ${timeoutMs}`]),
    );
    tell('a');
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual(['a']);
  });
});
