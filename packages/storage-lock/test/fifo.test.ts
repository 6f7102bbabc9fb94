import { describe, expect, it } from 'vitest';

import type { Locks } from '../src/index.ts';
import { PolledStorage } from './support/storages.ts';
import { makeWorld, outcomeOf, settle } from './support/world.ts';

/** Queues acquires one after the other and says in which order they were served. */
async function serve(waiters: readonly Locks[], settled: () => Promise<void>): Promise<number[]> {
  const order: number[] = [];
  const all = waiters.map(async (locks, n) => {
    const lock = await locks.acquire('a', { waitMs: 'forever' });
    order.push(n);
    await lock.release();
  });
  await settled();
  await Promise.all(all);
  return order;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('first come, first served', () => {
  it('within a process, for 100 that wait, without a moment passing', async () => {
    const { locks, clock, storage } = makeWorld();
    const blocker = await locks.acquire('a');
    const served = serve(
      upTo(100).map(() => locks),
      () => settle(clock),
    );
    await settle(clock);
    const before = clock.monotonic();
    await blocker.release();
    expect(await served).toEqual(upTo(100));
    expect(clock.monotonic()).toBe(before);
    // It goes from hand to hand 16 times in a row before the storage is asked again, in vain by nobody.
    expect(storage.calls('acquire')).toBe(7);
    expect(storage.calls('release')).toBe(7);
  });

  it('within a process, also where the storage can only be asked', async () => {
    const { locks, clock } = makeWorld({}, { kind: PolledStorage });
    const blocker = await locks.acquire('a');
    const served = serve(
      upTo(20).map(() => locks),
      () => settle(clock),
    );
    await settle(clock);
    const before = clock.monotonic();
    await blocker.release();
    expect(await served).toEqual(upTo(20));
    expect(clock.monotonic()).toBe(before);
  });

  it('between processes that take turns, without a moment passing', async () => {
    const { locks, other, clock } = makeWorld();
    const second = other();
    const third = other();
    const blocker = await locks.acquire('a');
    const waiters: Locks[] = [];
    for (let n = 0; n < 30; n += 1) waiters.push(n % 2 === 0 ? second : third);
    const served = serve(waiters, () => settle(clock));
    await settle(clock);
    const before = clock.monotonic();
    await blocker.release();
    expect(await served).toEqual(upTo(30));
    expect(clock.monotonic()).toBe(before);
  });

  it('gives a process one place in the queue of the storage, so that a busy one does not starve the others', async () => {
    const { locks, other, clock } = makeWorld();
    const busy = other();
    const quiet = other();
    const blocker = await locks.acquire('a');
    const served = serve([busy, busy, busy, busy, quiet], () => settle(clock));
    await settle(clock);
    await blocker.release();
    expect(await served).toEqual([0, 4, 1, 2, 3]);
  });

  it('is kept by a try: it does not jump the queue while the lock changes hands', async () => {
    const { locks, clock, storage } = makeWorld();
    const blocker = await locks.acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await settle(clock);
    storage.delay(100);
    const releasing = blocker.release();
    await clock.advance(50);
    const questions = storage.calls('acquire');
    expect(await locks.tryAcquire('a')).toBeUndefined();
    expect(storage.calls('acquire')).toBe(questions);
    await clock.advance(150);
    await releasing;
    expect(waiting.state).toBe('resolved');
    storage.delay(0);
  });
});

describe('one that gives up', () => {
  it.each([
    ['first', 0],
    ['in the middle', 2],
    ['last', 4],
  ])('does not block the others when it stands %s', async (_where, at) => {
    const { locks, clock } = makeWorld();
    const blocker = await locks.acquire('a');
    const order: number[] = [];
    const controller = new AbortController();
    const all = upTo(5).map(async (n) => {
      const lock = await locks.acquire('a', n === at ? { signal: controller.signal } : {});
      order.push(n);
      await lock.release();
    });
    await settle(clock);
    controller.abort();
    await expect(all[at]).rejects.toMatchObject({ code: 'LOCK_ABORTED' });
    await blocker.release();
    await Promise.allSettled(all);
    expect(order).toEqual(upTo(5).filter((n) => n !== at));
  });

  it('at the storage lets the next of its process ask, and the next process have it', async () => {
    const { locks, other, clock } = makeWorld();
    const blocker = await other().acquire('a');
    const controller = new AbortController();
    const first = outcomeOf(locks.acquire('a', { signal: controller.signal }));
    const second = outcomeOf(locks.acquire('a'));
    const third = outcomeOf(other().acquire('a'));
    await settle(clock);
    controller.abort();
    await settle(clock);
    await blocker.release();
    await settle(clock);
    expect([first.state, second.state, third.state]).toEqual(['rejected', 'pending', 'resolved']);
    await third.value?.release();
    await settle(clock);
    expect(second.state).toBe('resolved');
  });
});
