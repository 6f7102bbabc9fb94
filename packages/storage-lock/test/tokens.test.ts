import { describe, expect, it } from 'vitest';

import { makeWorld } from './support/world.ts';

describe('fencing tokens', () => {
  it('rise strictly over 1,000 rounds, however each possession ends', async () => {
    const { locks, other, clock, storage } = makeWorld({ leaseMs: 9000, watchdog: false }, { silent: true });
    const processes = [locks, other(), other()];
    let last = 0;
    for (let round = 0; round < 1000; round += 1) {
      const lock = await (processes[round % 3] ?? locks).acquire('a');
      expect(lock.fencingToken).toBeGreaterThan(last);
      last = lock.fencingToken;
      if (round % 4 === 0) await lock.release();
      else if (round % 4 === 1) await clock.advance(9000);
      else if (round % 4 === 2) await locks.forceRelease('a', { reason: 'test' });
      else {
        const thief = await storage.steal('a');
        expect(thief.fencingToken).toBeGreaterThan(last);
        last = thief.fencingToken;
        await storage.forget('a');
      }
      // Who was robbed in the dark knows it by the end of its lease.
      if (round % 4 > 1) await clock.advance(9000);
    }
    expect(Number.isSafeInteger(last)).toBe(true);
  });

  it('are the same for a re-entry, a renewal and a lost reply', async () => {
    const { locks, clock, memory } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a', { owner: 'ann' });
    const again = await locks.acquire('a', { owner: 'ann' });
    await clock.advance(30_000);
    expect([again.fencingToken, (await memory.read('a')).record?.fencingToken]).toEqual([1, 1]);
    await again.release();
    await lock.release();
  });
});
