import type { ActionPayloads } from '@lockscope/core';
import { describe, expect, it } from 'vitest';

import type { WatchdogFactory } from '../src/index.ts';
import { passUnseen } from './support/pass-unseen.ts';
import { makeWorld, type World } from './support/world.ts';

type Risk = ActionPayloads['lease.at_risk'];

function risksOf({ recorder }: World): Risk[] {
  return recorder.actions('lease.at_risk').map(({ payload }) => payload as Risk);
}

// A lease of 9 s is renewed every 3 s.
describe('a lease that comes close to its end', () => {
  it('because the storage was slow, says so when the renewal lands', async () => {
    const world = makeWorld({ leaseMs: 9000 });
    const { locks, clock, storage } = world;
    const lock = await locks.acquire('a');
    await clock.advance(2000);
    storage.delay(4400);
    await clock.advance(5399);
    expect(risksOf(world)).toEqual([]);
    await clock.advance(1);
    expect(risksOf(world)).toMatchObject([
      {
        cause: 'store_slow',
        remainingMs: 1600,
        evidence: { sinceConfirmedMs: 7400, storageRoundTripMs: 4400, worstRoundTripMs: 4400, eventLoopDelayMs: 0 },
      },
    ]);
    expect(risksOf(world)[0]?.utilization).toBeCloseTo(7400 / 9000, 10);
    storage.delay(0);
    expect(lock.state).toBe('held');
    await clock.advance(10_000);
    await lock.release();
  });

  it('while the storage gives no answer, says so before it is over', async () => {
    const world = makeWorld({ leaseMs: 9000 });
    const { locks, clock, storage } = world;
    const lock = await locks.acquire('a');
    const { signal } = lock;
    storage.freeze();
    await clock.advance(8000);
    expect(signal.aborted).toBe(false);
    expect(risksOf(world)).toMatchObject([
      { cause: 'store_slow', remainingMs: 1500, evidence: { renewalPending: true, storageRoundTripMs: 4500 } },
    ]);
    await clock.advance(1000);
    expect(signal.aborted).toBe(true);
    expect(risksOf(world)).toHaveLength(1);
    storage.thaw();
  });

  it('because renewals fail, says so when less than a third of it is left', async () => {
    const world = makeWorld({ leaseMs: 9000 });
    const { locks, clock, storage } = world;
    const lock = await locks.acquire('a');
    for (let n = 0; n < 100; n += 1) storage.failNext('renew');
    await clock.advance(6000);
    expect(lock.state).toBe('suspect');
    expect(risksOf(world)).toEqual([]);
    await clock.advance(1000);
    const [risk, ...more] = risksOf(world);
    expect(risk).toMatchObject({ cause: 'renew_failed', evidence: { failedRenewals: 4 } });
    // Timers run in whole milliseconds.
    expect(risk?.evidence.eventLoopDelayMs).toBeLessThan(1);
    expect(risk?.remainingMs).toBeLessThan(3000);
    expect(risk?.utilization).toBeGreaterThan(2 / 3);
    await clock.advance(2000);
    expect(lock.state).toBe('lost');
    expect(more).toEqual([]);
    expect(risksOf(world)).toHaveLength(1);
  });

  it('because the event loop was blocked before the renewal could go out', async () => {
    const world = makeWorld({ leaseMs: 9000 });
    const { locks, clock } = world;
    const lock = await locks.acquire('a');
    await clock.advance(2999);
    passUnseen(clock, 4500);
    await clock.advance(1);
    expect(risksOf(world)).toMatchObject([
      { cause: 'loop_blocked', remainingMs: 1500, evidence: { eventLoopDelayMs: 4500, storageRoundTripMs: 0 } },
    ]);
    await lock.release();
  });

  it.each([
    ['for longer than the loop is looked at', 3040, 100],
    ['before the loop was looked at', 3010, 30],
  ])('because the event loop was blocked while the answer lay in the socket, %s', async (_when, at, roundTripMs) => {
    const world = makeWorld({ leaseMs: 9000 });
    const { locks, clock, storage } = world;
    const lock = await locks.acquire('a');
    storage.delay(roundTripMs);
    await clock.advance(at);
    passUnseen(clock, 4500);
    await clock.advance(3000 + roundTripMs - at);
    const [risk] = risksOf(world);
    expect(risk?.cause).toBe('loop_blocked');
    expect(risk?.evidence.eventLoopDelayMs).toBeGreaterThan(4400);
    expect(risk?.evidence.eventLoopDelayMs).toBeLessThanOrEqual(4500);
    expect(risk?.evidence.storageRoundTripMs).toBe(4500 + roundTripMs);
    storage.delay(0);
    await lock.release();
  });

  it('because a watchdog of your own asks late', async () => {
    const watchdog: WatchdogFactory = (lease) => {
      const timer = world.clock.setTimeout(() => void lease.renew(), 8000);
      return { stop: () => world.clock.clearTimeout(timer) };
    };
    const world = makeWorld({ leaseMs: 9000, watchdog });
    const { locks, clock } = world;
    const lock = await locks.acquire('a');
    await clock.advance(8000);
    expect(risksOf(world)).toMatchObject([{ cause: 'asked_late', remainingMs: 1000 }]);
    await lock.release();
  });

  it('because the event loop of a watchdog of your own was blocked', async () => {
    const watchdog: WatchdogFactory = (lease) => {
      const timer = world.clock.setTimeout(() => void lease.renew(), 3000);
      return { stop: () => world.clock.clearTimeout(timer) };
    };
    const world = makeWorld({ leaseMs: 9000, watchdog });
    const { locks, clock } = world;
    const lock = await locks.acquire('a');
    await clock.advance(2500);
    passUnseen(clock, 5000);
    await clock.advance(500);
    expect(risksOf(world)).toMatchObject([{ cause: 'loop_blocked', evidence: { eventLoopDelayMs: 5000 } }]);
    await lock.release();
  });

  it('says so once until a renewal comes in good time again', async () => {
    const world = makeWorld({ leaseMs: 9000 });
    const { locks, clock, storage } = world;
    const lock = await locks.acquire('a');
    storage.delay(4400);
    await clock.advance(60_000);
    expect(lock.state).toBe('held');
    expect(risksOf(world)).toHaveLength(1);
    storage.delay(0);
    await clock.advance(12_000);
    storage.delay(4400);
    await clock.advance(12_000);
    expect(risksOf(world)).toHaveLength(2);
    storage.delay(0);
    await clock.advance(12_000);
    await lock.release();
  });

  it('a renewal in time says nothing, also of the short lease that a lock begins with when it was handed over', async () => {
    const world = makeWorld({ leaseMs: 30_000 });
    const { locks, other, clock, storage } = world;
    const first = await other().acquire('a');
    const waiting = locks.acquire('a');
    await clock.advance(1000);
    await first.release();
    const lock = await waiting;
    // Two seconds, renewed after a third of it.
    expect(lock.remainingMs()).toBeLessThanOrEqual(2000);
    storage.delay(1000);
    await clock.advance(1700);
    storage.delay(0);
    const [renewal] = world.recorder.ends('lease.renew');
    expect(renewal?.details?.utilization).toBeGreaterThan(0.8);
    expect(risksOf(world)).toMatchObject([{ cause: 'store_slow' }]);
    await clock.advance(60_000);
    expect(risksOf(world)).toHaveLength(1);
    await lock.release();
  });

  it('leaves an event that stays small: after 32 times, the 64th, the 128th and so on are told', async () => {
    const world = makeWorld({ leaseMs: 9000 });
    const { locks, clock, storage, recorder } = world;
    const lock = await locks.acquire('a');
    for (let n = 0; n < 100; n += 1) {
      storage.delay(4400);
      await clock.advance(12_000);
      storage.delay(0);
      await clock.advance(12_000);
    }
    expect(lock.state).toBe('held');
    await lock.release();
    const told = recorder.ends('lock')[0]?.actions.length ?? 0;
    expect(told).toBe(33);
  }, 60_000);
});
