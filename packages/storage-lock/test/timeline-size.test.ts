import { encodeEvent } from '@lockscope/core';
import { describe, expect, it } from 'vitest';

import { PolledStorage } from './support/storages.ts';
import { makeWorld, outcomeOf, settle } from './support/world.ts';

const hour = 3_600_000;

describe('an acquire that waits for an hour', () => {
  it.each([
    ['that wakes it', undefined],
    ['that can only be asked', PolledStorage],
  ])(
    'tells at most eight events, with a storage %s',
    async (_how, kind) => {
      const poll = { minMs: 1000, maxMs: 1000 };
      const { locks, other, clock, recorder } = makeWorld({ poll }, kind === undefined ? {} : { kind });
      const blocker = await other().acquire('a', { owner: 'bob' });
      const waiting = outcomeOf(locks.acquire('a', { owner: 'ann', waitMs: 'forever' }));
      await clock.advance(hour);
      await blocker.release();
      await clock.advance(1250);
      await waiting.value?.release();
      const told = recorder.ends().filter(({ ownerId }) => ownerId === 'ann');
      expect(told.length).toBeLessThanOrEqual(8);
      expect(told.map(({ type }) => type)).toContain('lock.acquire');
      const acquire = recorder.ends('lock.acquire').find(({ ownerId }) => ownerId === 'ann');
      // It counted every question, and wrote down so few that one can read them.
      expect(acquire?.details?.attempts).toBeGreaterThan(3000);
      expect(acquire?.actions.length).toBeLessThan(40);
      expect(acquire?.details?.waitMs).toBeGreaterThanOrEqual(hour);
    },
    60_000,
  );

  it('reports after a second, then each time after twice as long', async () => {
    const { locks, other, clock, recorder } = makeWorld();
    const blocker = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a', { waitMs: 'forever' }));
    await clock.advance(70_000);
    const waited = recorder.actions('acquire.waiting').map(({ payload }) => (payload as { waitedMs: number }).waitedMs);
    expect(waited).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 64_000]);
    await blocker.release();
    await settle(clock);
    expect(waiting.state).toBe('resolved');
  });

  it('behind five hundred others names a few of them and counts them all', async () => {
    const { locks, clock, recorder } = makeWorld();
    const blocker = await locks.acquire('a');
    const others = Array.from({ length: 500 }, () => locks.run('a', () => undefined, { waitMs: 'forever' }));
    const last = locks.acquire('a', { owner: 'ann', waitMs: 'forever' });
    await settle(clock);
    await blocker.release();
    await Promise.all(others);
    await (await last).release();
    await settle(clock);
    const acquire = recorder.ends('lock.acquire').find(({ ownerId }) => ownerId === 'ann');
    expect(acquire?.actions.length).toBeLessThan(50);
  }, 60_000);
});

describe('a lock that is held for long', () => {
  it('tells events of one size, a thousand renewals later too', async () => {
    const sizes: number[] = [];
    let actions = 0;
    const { locks, clock } = makeWorld({
      leaseMs: 9000,
      listeners: [
        { name: 'sizes', types: ['lease.renew'], on: (event) => void sizes.push(encodeEvent(event).length) },
        { name: 'lock', types: ['lock'], on: (event) => void (actions = event.actions.length) },
      ],
    });
    const lock = await locks.acquire('a');
    await clock.advance(3_000_000);
    expect(sizes).toHaveLength(1000);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(20);
    await lock.release();
    expect(actions).toBe(0);
  }, 60_000);

  it('stays small however often it is entered again', async () => {
    const { locks, recorder, clock } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a', { owner: 'ann' });
    for (let n = 0; n < 5000; n += 1) await locks.acquire('a', { owner: 'ann' }).then((again) => again.release());
    await lock.release();
    await settle(clock);
    expect(recorder.ends('lock')[0]?.actions.length).toBeLessThan(100);
  });

  it('stays small however often its storage fails a renewal', async () => {
    const { locks, recorder, clock, storage } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    for (let n = 0; n < 500; n += 1) {
      storage.failNext('renew');
      await clock.advance(4500);
    }
    expect(lock.state).toBe('held');
    await lock.release();
    expect(recorder.ends('lock')[0]?.actions.length).toBeLessThan(100);
  }, 60_000);
});
