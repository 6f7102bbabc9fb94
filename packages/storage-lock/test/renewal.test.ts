import { describe, expect, it, vi } from 'vitest';

import { makeWorld, outcomeOf, settle } from './support/world.ts';

/** A small generator of numbers from 0 to 1 that gives the same ones every time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('the watchdog', () => {
  it('renews after a third of the lease, and then every third', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    const renewedAt: number[] = [];
    const renew = storage.renew.bind(storage);
    vi.spyOn(storage, 'renew').mockImplementation((...args) => {
      renewedAt.push(clock.monotonic());
      return renew(...args);
    });
    await clock.advance(12_000);
    expect(renewedAt).toEqual([3000, 6000, 9000, 12_000]);
    await lock.release();
    await clock.advance(12_000);
    expect(renewedAt).toHaveLength(4);
  });

  it('asks once at a time while the storage answers, and for a full lease', async () => {
    const { locks, clock, storage, memory } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    storage.delay(500);
    await clock.advance(3500);
    expect(storage.calls('renew')).toBe(1);
    expect((await memory.read('a')).record?.expiresAt).toBe(clock.now() + 9000);
    // The holder counts from when it asked.
    expect(lock.remainingMs()).toBe(8500);
    storage.delay(0);
    await lock.release();
  });

  it('misses no lease in 1,000 holds with a storage that takes up to a third of it', async () => {
    const { locks, other, clock, storage } = makeWorld({ leaseMs: 9000 }, { silent: true });
    const random = seeded(20_260_101);
    const rival = other();
    let lost = 0;
    let overlaps = 0;
    const intruder = { token: 0 };
    for (let hold = 0; hold < 1000; hold += 1) {
      storage.delay(0);
      const lock = await locks.acquire('a');
      const { signal } = lock;
      signal.addEventListener('abort', () => (lost += 1));
      const stranger = outcomeOf(rival.acquire('a', { waitMs: 'forever' }));
      await settle(clock);
      for (let round = 0; round < 5; round += 1) {
        storage.delay(Math.floor(random() * 3000));
        await clock.advance(random() * 6000);
        if (stranger.state !== 'pending') overlaps += 1;
      }
      storage.delay(0);
      await clock.advance(3000);
      expect(await lock.release()).toBe(true);
      await clock.advance(1);
      expect(stranger.value?.fencingToken).toBeGreaterThan(intruder.token);
      intruder.token = stranger.value?.fencingToken ?? 0;
      await stranger.value?.release();
    }
    expect([lost, overlaps]).toEqual([0, 0]);
  }, 60_000);

  it('tells how much of the lease was used', async () => {
    const { locks, clock, storage, recorder } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    storage.delay(900);
    await clock.advance(3900);
    storage.delay(0);
    const [renewal] = recorder.ends('lease.renew');
    expect(renewal).toMatchObject({
      outcome: 'renewed',
      details: { roundTripMs: 900, failures: 0 },
      watchdogId: expect.stringMatching(/^watchdog:/) as string,
      lock: { key: 'a', fencingToken: 1, expiresAt: clock.now() + 9000 },
    });
    expect(renewal?.details?.utilization).toBeCloseTo(3900 / 9000, 10);
    await lock.release();
  });
});
