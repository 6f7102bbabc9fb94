import { MemoryStorage, type MemoryStorageOptions } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import type { HeldLock, LockLostError } from '../src/index.ts';
import { passUnseen } from './support/pass-unseen.ts';
import { makeWorld, type World } from './support/world.ts';

interface Loss {
  readonly how: string;
  readonly options?: Parameters<typeof makeWorld>[0];
  readonly happens: (world: World, lock: HeldLock) => Promise<unknown>;
  readonly reason: LockLostError['reason'];
  readonly evidence: object;
}

const renewsNever = (): { stop(): void } => ({ stop: () => undefined });

// A lease of 9 s is renewed every 3 s.
const losses: readonly Loss[] = [
  {
    how: 'nothing renews it',
    options: { watchdog: false },
    happens: ({ clock }) => clock.advance(9000),
    reason: 'expired',
    evidence: { sinceConfirmedMs: 9000, eventLoopDelayMs: 0, failedRenewals: 0, renewalPending: false },
  },
  {
    how: 'its own watchdog does not ask',
    options: { watchdog: renewsNever },
    happens: ({ clock }) => clock.advance(9000),
    reason: 'expired',
    evidence: { eventLoopDelayMs: 0, failedRenewals: 0, renewalPending: false },
  },
  {
    how: 'the storage does not answer',
    happens: async ({ clock, storage }) => {
      storage.freeze();
      await clock.advance(9000);
      storage.thaw();
    },
    reason: 'unreachable',
    evidence: { renewalPending: true, storageRoundTripMs: 6000, worstRoundTripMs: 6000 },
  },
  {
    how: 'renewals fail',
    happens: async ({ clock, storage }) => {
      for (let n = 0; n < 100; n += 1) storage.failNext('renew');
      await clock.advance(9000);
    },
    reason: 'unreachable',
    evidence: { renewalPending: false, storageRoundTripMs: 0 },
  },
  {
    how: 'the storage does not answer, and the event loop was blocked for less than that',
    happens: async ({ clock, storage }) => {
      storage.freeze();
      await clock.advance(4000);
      passUnseen(clock, 2300);
      await clock.advance(5000);
      storage.thaw();
    },
    reason: 'unreachable',
    evidence: { renewalPending: true, eventLoopDelayMs: 2300 },
  },
  {
    how: 'the event loop is blocked when it is time to renew',
    happens: async ({ clock }, lock) => {
      await clock.advance(2999);
      passUnseen(clock, 7000);
      expect(lock.state).toBe('lost');
    },
    reason: 'stalled',
    evidence: { sinceConfirmedMs: 9999, eventLoopDelayMs: 6999, renewalPending: false },
  },
  {
    how: 'the event loop is blocked while the answer to the renewal lies in the socket',
    happens: async ({ clock, storage }, lock) => {
      storage.delay(100);
      await clock.advance(3050);
      passUnseen(clock, 7000);
      expect(lock.state).toBe('lost');
      await clock.advance(100);
      storage.delay(0);
    },
    reason: 'stalled',
    evidence: { renewalPending: true, eventLoopDelayMs: 6950, storageRoundTripMs: 7050 },
  },
  {
    how: 'somebody else has it',
    happens: async ({ clock, storage }) => {
      await clock.advance(1000);
      await storage.steal('a', { holder: { ownerId: 'thief' } });
      await clock.advance(2000);
    },
    reason: 'stolen',
    evidence: {
      renewalPending: false,
      storageRoundTripMs: 0,
      successor: { ownerId: 'thief', fencingToken: 2, heldForMs: 2000 },
    },
  },
  {
    how: 'somebody else has it when it is given back',
    happens: async ({ clock, storage }, lock) => {
      await clock.advance(1000);
      await storage.steal('a', { holder: { ownerId: 'thief' } });
      storage.delay(300);
      const releasing = lock.release();
      await clock.advance(300);
      expect(await releasing).toBe(false);
      storage.delay(0);
    },
    reason: 'stolen',
    evidence: { storageRoundTripMs: 300, worstRoundTripMs: 300, successor: { ownerId: 'thief', fencingToken: 2 } },
  },
  {
    how: 'it was taken away by force',
    happens: async ({ clock, other }) => {
      await clock.advance(1000);
      await other().forceRelease('a', { reason: 'test' });
    },
    reason: 'forced',
    evidence: { sinceConfirmedMs: 1000, renewalPending: false, failedRenewals: 0 },
  },
];

describe('why a lock was lost follows from its evidence', () => {
  it.each(losses)('$reason: $how', async ({ options, happens, reason, evidence }) => {
    const world = makeWorld({ leaseMs: 9000, ...options });
    const lock = await world.locks.acquire('a');
    const { signal } = lock;
    await happens(world, lock);
    expect(signal.reason).toMatchObject({ code: 'LOCK_LOST', reason, evidence });
    expect(world.recorder.ends('lease.lost')[0]?.details).toMatchObject({ reason, evidence });
  });
});

/** Its clock is a quarter of a second ahead of everybody else's. */
class FastClockStorage extends MemoryStorage {
  constructor(options: MemoryStorageOptions = {}) {
    const { clock } = options;
    super({ ...options, ...(clock && { clock: { ...clock, now: () => clock.now() + 250 } }) });
  }
}

describe('how far the clock of the storage is ahead', () => {
  const offsetOf = (lock: HeldLock): unknown => (lock.signal.reason as LockLostError).evidence.clockOffsetMs;

  it('is known from the grant on', async () => {
    const { locks, clock } = makeWorld({ watchdog: false, leaseMs: 9000 }, { kind: FastClockStorage });
    const lock = await locks.acquire('a');
    await clock.advance(9000);
    expect(offsetOf(lock)).toBe(250);
  });

  it('is known of a lock that was waited for, too', async () => {
    const { locks, other, clock } = makeWorld({ watchdog: false, leaseMs: 9000 }, { kind: FastClockStorage });
    const first = await other().acquire('a');
    const waiting = locks.acquire('a');
    await clock.advance(1000);
    await first.release();
    const lock = await waiting;
    await clock.advance(9000);
    expect(offsetOf(lock)).toBe(250);
  });

  it('is what the last answer told, by the middle of its way', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 }, { kind: FastClockStorage });
    const lock = await locks.acquire('a');
    clock.stepWall(-60_000);
    await clock.advance(3000);
    clock.stepWall(60_000);
    // The way there takes 100 ms and the way back none: it is off by half of that at most.
    storage.delay(100);
    await clock.advance(3100);
    storage.freeze();
    await clock.advance(9000);
    expect(offsetOf(lock)).toBe(300);
    storage.delay(0);
    storage.thaw();
  });

  it('is told of a refused renewal', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 }, { kind: FastClockStorage });
    const lock = await locks.acquire('a');
    clock.stepWall(-1000);
    await storage.steal('a');
    await clock.advance(3000);
    expect(lock.state).toBe('lost');
    // The clock of the storage never goes back, the one of this process did.
    expect(offsetOf(lock)).toBe(1250);
  });

  it('is not asked for where nobody listens', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000, watchdog: false }, { silent: true });
    const lock = await locks.acquire('a');
    await clock.advance(9000);
    expect(offsetOf(lock)).toBeUndefined();
  });
});
