import { describe, expect, it } from 'vitest';

import { makeWorld } from './support/world.ts';

describe('a lease that nothing renews', () => {
  it('is over for its holder at its end, to the millisecond', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000, watchdog: false });
    const lock = await locks.acquire('a');
    const { signal } = lock;
    await clock.advance(8999);
    expect([lock.state, signal.aborted, lock.remainingMs()]).toEqual(['held', false, 1]);
    expect(() => lock.assertHeld()).not.toThrow();
    await clock.advance(1);
    expect([lock.state, signal.aborted, lock.remainingMs()]).toEqual(['lost', true, 0]);
    expect(() => lock.assertHeld()).toThrow('lost "a" (token 1): its lease ran out');
  });

  it('is counted from when the request was sent, not from when the answer came', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000, watchdog: false });
    storage.delay(4000);
    const acquiring = locks.acquire('a');
    await clock.advance(4000);
    storage.delay(0);
    const lock = await acquiring;
    expect(lock.remainingMs()).toBe(5000);
    await clock.advance(4999);
    expect(lock.state).toBe('held');
    await clock.advance(1);
    expect(lock.state).toBe('lost');
  });

  it('has run out, also when this process was stuck: there was nothing to renew it', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000, watchdog: false });
    const lock = await locks.acquire('a');
    const monotonic = clock.monotonic.bind(clock);
    clock.monotonic = () => monotonic() + 60_000;
    expect(lock.signal.reason).toMatchObject({ reason: 'expired', evidence: { sinceConfirmedMs: 60_000 } });
    clock.monotonic = monotonic;
  });

  it('leaves a LockLostError with the facts', async () => {
    const { locks, clock, recorder } = makeWorld({ leaseMs: 9000, watchdog: false });
    const lock = await locks.acquire('a');
    const { signal } = lock;
    await clock.advance(9000);
    expect(signal.reason).toMatchObject({
      name: 'LockLostError',
      code: 'LOCK_LOST',
      key: 'a',
      reason: 'expired',
      fencingToken: 1,
      lostAt: clock.now(),
      evidence: { sinceConfirmedMs: 9000, eventLoopDelayMs: 0, failedRenewals: 0, renewalPending: false },
    });
    expect(recorder.ends('lease.lost')[0]?.details).toMatchObject({ reason: 'expired', fencingToken: 1 });
    expect(recorder.ends('lock')[0]).toMatchObject({
      outcome: 'lost',
      details: { lostReason: 'expired', holdMs: 9000 },
    });
    expect(await lock.release()).toBe(false);
  });

  it('aborts a signal that is only looked at afterwards', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000, watchdog: false });
    const lock = await locks.acquire('a');
    await clock.advance(9000);
    expect(lock.signal.aborted).toBe(true);
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST' });
  });

  it('lets the next one of this process go on', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000, watchdog: false });
    const first = await locks.acquire('a');
    const second = locks.acquire('a');
    await clock.advance(9000);
    expect((await second).fencingToken).toBeGreaterThan(first.fencingToken);
    expect(first.state).toBe('lost');
  });
});
