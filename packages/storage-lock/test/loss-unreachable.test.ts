import { describe, expect, it } from 'vitest';

import type { LockLostError } from '../src/index.ts';
import { ForgetfulStorage } from './support/storages.ts';
import { makeWorld } from './support/world.ts';

describe('a storage that cannot be reached', () => {
  it('makes the lock suspect, then lost at the end of the lease, to the millisecond', async () => {
    const { locks, clock, storage, recorder } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    const { signal } = lock;
    for (let n = 0; n < 100; n += 1) storage.failNext('renew');
    await clock.advance(2999);
    expect(lock.state).toBe('held');
    await clock.advance(1);
    expect([lock.state, lock.remainingMs()]).toEqual(['suspect', 6000]);
    expect(() => lock.assertHeld()).not.toThrow();
    await clock.advance(5999);
    expect([lock.state, signal.aborted]).toEqual(['suspect', false]);
    await clock.advance(1);
    expect([lock.state, signal.aborted]).toEqual(['lost', true]);
    const error = signal.reason as LockLostError;
    expect(error.message).toMatch('the storage did not answer before the lease was over');
    expect(error.reason).toBe('unreachable');
    expect(error.evidence).toMatchObject({ sinceConfirmedMs: 9000, renewalPending: false });
    // Timers run in whole milliseconds, so the last ones were up to one late.
    expect(error.evidence.eventLoopDelayMs).toBeLessThan(1);
    expect(error.evidence.failedRenewals).toBeGreaterThan(3);
    const suspicions = recorder.actions('lease.suspect');
    expect(suspicions[0]).toMatchObject({
      payload: { failures: 1, remainingMs: 6000 },
      error: { name: 'StorageError', code: 'STORAGE_FAILED' },
    });
    expect(suspicions).toHaveLength(error.evidence.failedRenewals);
  });

  it('is asked again and again before the lease ends, so that a short outage costs nothing', async () => {
    const { locks, clock, storage, recorder } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    storage.failNext('renew');
    storage.failNext('renew');
    await clock.advance(3000);
    expect(lock.state).toBe('suspect');
    await clock.advance(3000);
    expect(lock.state).toBe('held');
    expect(recorder.actions('lease.recovered')).toMatchObject([{ payload: { failures: 2 } }]);
    await clock.advance(60_000);
    expect(lock.state).toBe('held');
    expect(await lock.release()).toBe(true);
  });

  it('that hangs is no different: the holder knows at the end of the lease', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    const { signal } = lock;
    await clock.advance(1000);
    storage.freeze();
    await clock.advance(7999);
    expect([lock.state, signal.aborted]).toEqual(['held', false]);
    await clock.advance(1);
    expect([lock.state, signal.aborted]).toEqual(['lost', true]);
    const { evidence, reason } = signal.reason as LockLostError;
    expect(reason).toBe('unreachable');
    expect(evidence).toMatchObject({ renewalPending: true, failedRenewals: 0, storageRoundTripMs: 6000 });
    // It was not asked more often than three times meanwhile.
    expect(storage.calls('renew')).toBe(3);
    storage.thaw();
  });

  it('that never answers single questions is asked on, however many of them got lost', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 }, { kind: ForgetfulStorage });
    const lock = await locks.acquire('a');
    await clock.advance(120_000);
    expect(lock.state).toBe('held');
    expect(storage.calls('renew')).toBeGreaterThanOrEqual(40);
    await lock.release();
  });

  it('that refuses a renewal when the lease is over has been too slow, it was not robbed', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    storage.delay(6000);
    // Asked after 3 s, answered at the very end of the lease, before the timer for that had its turn.
    await clock.advance(9000);
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'unreachable' });
    storage.delay(0);
    await clock.advance(6000);
  });

  it('that answers after the lease is over cannot bring it back', async () => {
    const { locks, clock, storage, recorder } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    storage.freeze();
    await clock.advance(9000);
    expect(lock.state).toBe('lost');
    storage.thaw();
    await clock.advance(1);
    expect(lock.state).toBe('lost');
    expect(recorder.outcomes().filter((outcome) => outcome.startsWith('lease.renew'))).toEqual([
      'lease.renew abandoned',
      'lease.renew abandoned',
      'lease.renew abandoned',
    ]);
  });
});

describe('a slow storage', () => {
  it('costs no lease as long as it takes less than what is left after the renewal', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    storage.delay(5999);
    await clock.advance(120_000);
    expect(lock.state).toBe('held');
    storage.delay(0);
    await lock.release();
    await clock.advance(6000);
  });
});
