import { ListenerSet } from '@lockscope/core';
import { MemoryStorage, systemClock, type Clock } from '@lockscope/storage';
import { FakeClock } from '@lockscope/testkit';
import { describe, expect, it, vi } from 'vitest';

import { createLocks, type Locks } from '../src/index.ts';

/** Everything that an ordinary program does with locks. */
async function useAll(locks: Locks): Promise<void> {
  const orders = locks.define('orders/{id}');
  await orders.run({ id: 1 }, () => locks.tryAcquire('orders/1'));
  const first = await locks.acquire('a', { owner: 'ann' });
  const again = await locks.acquire('a', { owner: 'ann' });
  const waiting = locks.acquire('a');
  await again.release();
  await first.release();
  await (await waiting).release();
  await locks.inspect('a');
}

describe('without a listener', () => {
  it('no event is made and no wall clock is read', async () => {
    const begin = vi.spyOn(ListenerSet.prototype, 'begin');
    const now = vi.fn<Clock['now']>(() => Date.now());
    const locks = createLocks({ storage: new MemoryStorage(), clock: { ...systemClock, now } });
    await useAll(locks);
    await locks.close();
    expect(begin.mock.results.filter(({ value }) => value !== undefined)).toEqual([]);
    expect(now).not.toHaveBeenCalled();
    begin.mockRestore();
  });

  it('an acquire and a release read the clock three times', async () => {
    const monotonic = vi.fn<Clock['monotonic']>(() => systemClock.monotonic());
    const locks = createLocks({ storage: new MemoryStorage(), clock: { ...systemClock, monotonic } });
    // The first acquire starts the timer that all leases share.
    await locks.acquire('a').then((lock) => lock.release());
    monotonic.mockClear();
    const lock = await locks.acquire('a');
    const readings = monotonic.mock.calls.length;
    await lock.release();
    // When it was asked, when it was granted, and whether it is still held when it is released.
    expect([readings, monotonic.mock.calls.length]).toEqual([2, 3]);
    await locks.close();
  });

  it('a lock that is held for long reads no wall clock, and looks at nothing but its own timer', async () => {
    const clock = new FakeClock();
    const now = vi.spyOn(clock, 'now');
    const setTimeout = vi.spyOn(clock, 'setTimeout');
    // Its storage has a clock of its own.
    const locks = createLocks({ storage: new MemoryStorage({ clock: new FakeClock() }), clock, leaseMs: 9000 });
    const lock = await locks.acquire('a');
    await clock.advance(30_000);
    expect(lock.state).toBe('held');
    expect(now).not.toHaveBeenCalled();
    // Two for growing old, ten for the renewals, the first one and the next.
    expect(setTimeout.mock.calls.length).toBeLessThanOrEqual(14);
    await locks.close();
  });

  it('none that wants to hear of locks is like none at all', async () => {
    const begin = vi.spyOn(ListenerSet.prototype, 'begin');
    const locks = createLocks({
      storage: new MemoryStorage(),
      listeners: [{ name: 'elsewhere', types: ['lock.force_release'], on() {} }],
    });
    await useAll(locks);
    expect(begin.mock.results.filter(({ value }) => value !== undefined)).toEqual([]);
    await locks.forceRelease('a', { reason: 'test' });
    expect(begin.mock.results.filter(({ value }) => value !== undefined)).toHaveLength(1);
    await locks.close();
    begin.mockRestore();
  });

  it('one that leaves again leaves no cost behind', async () => {
    const locks = createLocks({ storage: new MemoryStorage() });
    const remove = locks.listen(() => undefined);
    remove();
    const begin = vi.spyOn(ListenerSet.prototype, 'begin');
    await useAll(locks);
    expect(begin.mock.results.filter(({ value }) => value !== undefined)).toEqual([]);
    await locks.close();
    begin.mockRestore();
  });
});
