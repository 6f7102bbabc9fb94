import { describe, expect, it } from 'vitest';

import { makeWorld, outcomeOf, settle } from './support/world.ts';

const hour = 3_600_000;

describe.each([
  ['forward', hour],
  ['back', -hour],
])('a wall clock that is set %s an hour', (_direction, ms) => {
  it('ends no lease and frees no lock', async () => {
    const { locks, other, clock } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    clock.stepWall(ms);
    expect(lock.remainingMs()).toBe(9000);
    expect(await other().tryAcquire('a')).toBeUndefined();
    await clock.advance(60_000);
    expect(lock.state).toBe('held');
    expect(await other().tryAcquire('a')).toBeUndefined();
    expect(await lock.release()).toBe(true);
  });

  it('keeps no lease alive', async () => {
    const { locks, other, clock } = makeWorld({ leaseMs: 9000, watchdog: false });
    const lock = await locks.acquire('a');
    clock.stepWall(ms);
    await clock.advance(9000);
    expect(lock.state).toBe('lost');
    expect(await other().tryAcquire('a')).toBeDefined();
  });

  it('changes nothing for those who wait, and no duration in the events', async () => {
    const { locks, other, clock, recorder } = makeWorld();
    const lock = await locks.acquire('a');
    const waiting = outcomeOf(other().acquire('a', { waitMs: 5000 }));
    await settle(clock);
    clock.stepWall(ms);
    await clock.advance(4999);
    expect(waiting.state).toBe('pending');
    await clock.advance(1);
    expect(waiting.error).toMatchObject({ code: 'LOCK_TIMEOUT', waitedMs: 5000 });
    expect(recorder.ends('lock.acquire').map(({ durationMs }) => durationMs)).toEqual([0, 5000]);
    await lock.release();
  });
});
