import { describe, expect, it, vi } from 'vitest';

import type { WatchedLease, WatchdogFactory } from '../src/index.ts';
import { makeWorld, outcomeOf, settle } from './support/world.ts';

/** A watchdog that keeps what it was given and does nothing. */
function idle(): { factory: WatchdogFactory; leases: WatchedLease[]; stop: ReturnType<typeof vi.fn<() => void>> } {
  const leases: WatchedLease[] = [];
  const stop = vi.fn<() => void>();
  return { factory: (lease) => (leases.push(lease), { stop }), leases, stop };
}

describe('a watchdog of your own', () => {
  it('sees the lease and can renew it', async () => {
    const { factory, leases } = idle();
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000, watchdog: factory });
    const lock = await locks.acquire('a');
    const [lease] = leases;
    expect(lease).toMatchObject({ key: 'a', leaseMs: 9000, renewEveryMs: 3000 });
    await clock.advance(8000);
    expect(lease?.remainingMs()).toBe(1000);
    expect(storage.calls('renew')).toBe(0);
    expect(await lease?.renew()).toBe('renewed');
    expect(lease?.remainingMs()).toBe(9000);
    await clock.advance(8999);
    expect(lock.state).toBe('held');
    await lock.release();
  });

  it('does not decide when the lease is over: the lock does', async () => {
    const { factory, stop } = idle();
    const { locks, clock } = makeWorld({ leaseMs: 9000, watchdog: factory });
    const lock = await locks.acquire('a');
    await clock.advance(9000);
    expect(lock.state).toBe('lost');
    expect(lock.signal.reason).toMatchObject({ reason: 'expired' });
    expect(stop).toHaveBeenCalledTimes(1);
  });

  it('is told what came of a renewal: failed while the lease lasts, lost afterwards', async () => {
    const { factory, leases } = idle();
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000, watchdog: factory });
    const lock = await locks.acquire('a');
    storage.failNext('renew');
    expect(await leases[0]?.renew()).toBe('failed');
    expect(lock.state).toBe('suspect');
    await clock.advance(9000);
    expect(lock.signal.reason).toMatchObject({ reason: 'unreachable' });
    expect(await leases[0]?.renew()).toBe('lost');
    expect(storage.calls('renew')).toBe(1);
  });

  it('is stopped once by a release, and renews nothing after it', async () => {
    const { factory, leases, stop } = idle();
    const { locks, storage } = makeWorld({ watchdog: factory });
    const lock = await locks.acquire('a');
    const releasing = lock.release();
    expect(stop).toHaveBeenCalledTimes(1);
    expect(await leases[0]?.renew()).toBe('lost');
    expect(await releasing).toBe(true);
    expect(stop).toHaveBeenCalledTimes(1);
    expect(storage.calls('renew')).toBe(0);
  });

  it('that cannot be made rejects the acquire, and another owner gets the lock at once', async () => {
    const cause = new Error('no timers left');
    let broken = true;
    const factory: WatchdogFactory = () => {
      if (broken) throw cause;
      return { stop() {} };
    };
    const { locks, other, recorder, clock } = makeWorld({ watchdog: factory });
    const error = await locks.acquire('a').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'WATCHDOG_FAILED', key: 'a' });
    expect((error as Error).cause).toBe(cause);
    broken = false;
    const lock = await other().tryAcquire('a');
    expect(lock?.fencingToken).toBe(2);
    await settle(clock);
    expect(recorder.ends('lock.rollback')).toMatchObject([{ outcome: 'ok', details: { reason: 'watchdog_failed' } }]);
  });

  it.each([
    ['is none', () => undefined as never],
    ['has no stop()', () => ({}) as never],
    ['is a promise', () => Promise.resolve({ stop() {} }) as never],
  ])('that %s is refused like one that threw', async (_what, factory: WatchdogFactory) => {
    const { locks, memory } = makeWorld({ watchdog: factory });
    await expect(locks.acquire('a')).rejects.toThrow('a watchdog needs a stop() method');
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it('may renew while it is made, and leaves nothing behind when it then throws', async () => {
    const factory: WatchdogFactory = (lease) => {
      void lease.renew();
      throw new Error('changed my mind');
    };
    const { locks, clock, recorder, storage } = makeWorld({ watchdog: factory });
    await expect(locks.acquire('a')).rejects.toMatchObject({ code: 'WATCHDOG_FAILED' });
    await clock.advance(60_000);
    expect(storage.calls('renew')).toBe(1);
    expect(recorder.ends('lease.lost')).toEqual([]);
    expect(recorder.outcomes().filter((outcome) => outcome.startsWith('lock '))).toEqual(['lock error']);
  });

  it('that renewed and threw leaves nothing behind when that renewal is refused later on', async () => {
    const factory: WatchdogFactory = (lease) => {
      storage.delay(100);
      void lease.renew();
      storage.delay(0);
      throw new Error('changed my mind');
    };
    const { locks, clock, recorder, storage } = makeWorld({ watchdog: factory });
    await expect(locks.acquire('a')).rejects.toMatchObject({ code: 'WATCHDOG_FAILED' });
    await clock.advance(1000);
    expect(recorder.ends('lease.lost')).toEqual([]);
  });

  it('that takes longer to be made than the lease lasts is too late', async () => {
    const world = makeWorld({
      leaseMs: 9000,
      watchdog: (lease) => {
        void world.clock.advance(0);
        slow();
        expect(lease.remainingMs()).toBe(0);
        return { stop() {} };
      },
    });
    const monotonic = world.clock.monotonic.bind(world.clock);
    let lateBy = 0;
    vi.spyOn(world.clock, 'monotonic').mockImplementation(() => monotonic() + lateBy);
    const slow = (): void => void (lateBy = 10_000);
    const acquiring = outcomeOf(world.locks.acquire('a'));
    await settle(world.clock);
    expect(acquiring.error).toMatchObject({ code: 'WATCHDOG_FAILED' });
    expect((acquiring.error as Error).message).toMatch('the lease was over before its watchdog was made');
    expect(world.recorder.ends('lease.lost')).toEqual([]);
  });

  it('that throws when it is stopped neither keeps the lock nor hides its loss', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const factory: WatchdogFactory = () => ({
      stop() {
        throw new Error('stuck');
      },
    });
    const { locks, clock, memory } = makeWorld({ leaseMs: 9000, watchdog: factory });
    const lock = await locks.acquire('a');
    expect(await lock.release()).toBe(true);
    expect((await memory.read('a')).record).toBeUndefined();
    const lost = await locks.acquire('a');
    const { signal } = lost;
    await clock.advance(9000);
    expect(signal.reason).toMatchObject({ code: 'LOCK_LOST' });
    expect(warned).toHaveBeenCalledTimes(2);
    expect(warned.mock.calls[0]?.[0]).toBe('Lockscope: the watchdog of "a" threw when stopped: stuck');
    warned.mockRestore();
  });
});
