import { describe, expect, it } from 'vitest';

import type { HeldLock, Locks } from '../src/index.ts';
import { PolledStorage } from './support/storages.ts';
import { makeWorld, outcomeOf, settle, type Outcome, type World } from './support/world.ts';

/** A lock that was asked for while others of the process waited, so that it may be passed on; and those who wait. */
async function passable(
  { locks, clock }: Pick<World, 'locks' | 'clock'>,
  waiters: number,
): Promise<{ first: HeldLock; rest: Outcome<HeldLock>[] }> {
  const blocker = await locks.acquire('a');
  const all = Array.from({ length: waiters + 1 }, (_, n) =>
    outcomeOf(locks.acquire('a', { owner: `w${n}`, waitMs: 'forever' })),
  );
  await settle(clock);
  await blocker.release();
  await settle(clock);
  const [first, ...rest] = all;
  return { first: first?.value as HeldLock, rest };
}

describe('a lock that goes from owner to owner within a process', () => {
  it('costs the storage nothing, and each has a greater token', async () => {
    const world = makeWorld();
    const { first, rest } = await passable(world, 3);
    const calls = world.storage.calls();
    let lock = first;
    const tokens = [first.fencingToken];
    for (const next of rest) {
      expect(await lock.release()).toBe(true);
      lock = next.value as HeldLock;
      tokens.push(lock.fencingToken);
    }
    expect(world.storage.calls()).toBe(calls);
    expect(tokens.every((token, n) => n === 0 || token > (tokens[n - 1] ?? 0))).toBe(true);
    await lock.release();
    const later = await world.other().acquire('a');
    expect(later.fencingToken).toBeGreaterThan(tokens.at(-1) ?? 0);
  });

  it('gives no token that the storage was not told to keep free', async () => {
    const { locks, other, memory } = makeWorld();
    // The second one asks while the first has no answer yet.
    const both = [locks.acquire('a'), locks.acquire('a')];
    const tokens: number[] = [];
    for (const acquired of both) {
      const lock = await acquired;
      tokens.push(lock.fencingToken);
      await lock.release();
    }
    const later = await other().acquire('a');
    expect(tokens[1]).toBeGreaterThan(tokens[0] ?? 0);
    expect(later.fencingToken).toBeGreaterThan(tokens[1] ?? 0);
    expect((await memory.read('a')).record?.fencingToken).toBe(later.fencingToken);
  });

  it('goes through the storage every 17th time, so that it cannot be kept for ever', async () => {
    const world = makeWorld();
    const { first, rest } = await passable(world, 40);
    let lock = first;
    const released: number[] = [];
    for (const next of rest) {
      await lock.release();
      await settle(world.clock);
      released.push(world.storage.calls('release'));
      lock = next.value as HeldLock;
    }
    await lock.release();
    expect(released.at(-1)).toBe(1 + 2);
  });

  it('goes through the storage after a tenth of a second, however few had it', async () => {
    const world = makeWorld();
    const { first, rest } = await passable(world, 1);
    await world.clock.advance(101);
    const before = world.storage.calls('release');
    await first.release();
    await settle(world.clock);
    expect(rest[0]?.state).toBe('resolved');
    expect(world.storage.calls('release')).toBe(before + 1);
  });

  it('goes to another process first when that one has been waiting', async () => {
    const { locks, other, clock } = makeWorld();
    const blocker = await other().acquire('a');
    const here = [outcomeOf(locks.acquire('a')), outcomeOf(locks.acquire('a'))];
    await settle(clock);
    const there = outcomeOf(other().acquire('a'));
    await settle(clock);
    await blocker.release();
    await settle(clock);
    await here[0]?.value?.release();
    await settle(clock);
    expect([there.state, here[1]?.state]).toEqual(['resolved', 'pending']);
    await there.value?.release();
    await settle(clock);
    expect(here[1]?.state).toBe('resolved');
  });

  it('can be turned off: then every change of holder is on record', async () => {
    const world = makeWorld({ localHandovers: 0 });
    const { first, rest } = await passable(world, 2);
    await first.release();
    await settle(world.clock);
    expect((await world.memory.read('a')).record?.holder.ownerId).toBe('w1');
    expect(rest[0]?.value?.fencingToken).toBe(first.fencingToken + 1);
  });

  it('is put right on record when it lasts, so that others see who has it', async () => {
    const world = makeWorld();
    const { first, rest } = await passable(world, 1);
    await first.release();
    await settle(world.clock);
    expect((await world.memory.read('a')).record?.holder.ownerId).toBe('w0');
    await world.clock.advance(51);
    const { record } = await world.memory.read('a');
    expect(record).toMatchObject({ holder: { ownerId: 'w1' }, fencingToken: rest[0]?.value?.fencingToken });
  });

  it('is renewed by whoever has it, and lost by whoever has it', async () => {
    const world = makeWorld({ leaseMs: 9000 });
    const { first, rest } = await passable(world, 1);
    await first.release();
    await settle(world.clock);
    const second = rest[0]?.value as HeldLock;
    await world.clock.advance(60_000);
    expect(second.state).toBe('held');
    world.storage.freeze();
    await world.clock.advance(9000);
    expect(second.state).toBe('lost');
    expect(second.signal.reason).toMatchObject({ reason: 'unreachable', fencingToken: second.fencingToken });
    expect(first.state).toBe('released');
    world.storage.thaw();
  });

  it('is taken away by force from whoever has it', async () => {
    const world = makeWorld();
    const { first, rest } = await passable(world, 1);
    await first.release();
    await world.clock.advance(60);
    await world.other().forceRelease('a', { reason: 'test' });
    await settle(world.clock);
    expect(rest[0]?.value?.signal.reason).toMatchObject({ reason: 'forced' });
  });

  it('is not passed on with a lease that is nearly over', async () => {
    const world = makeWorld(
      { leaseMs: 300, renewEveryMs: 299, marginMs: 1, localHandovers: 5 },
      { kind: PolledStorage },
    );
    const { first, rest } = await passable(world, 1);
    world.storage.delay(0);
    await world.clock.advance(99);
    const calls = world.storage.calls('release');
    await first.release();
    await settle(world.clock);
    expect(world.storage.calls('release')).toBe(calls);
    const second = rest[0]?.value as HeldLock;
    expect(second.remainingMs()).toBe(201);
  });

  it.each([-1, 1.5, 1001, Number.NaN, '3'])('cannot be bounded by %s', (localHandovers) => {
    expect(() => makeWorld({ localHandovers: localHandovers as number })).toThrow(
      'localHandovers must be a whole number from 0 to 1000',
    );
  });
});

describe('those of a process who wait for long', () => {
  it('are on record everywhere: all of them, with since when and what for', async () => {
    const { locks, other, clock } = makeWorld({ leaseMs: 30_000, waitMs: 60_000 });
    const began = clock.now();
    const lock = await locks.acquire('a', { owner: 'holder' });
    const all = ['w0', 'w1', 'w2'].map((owner) => outcomeOf(locks.acquire('a', { owner, operation: 'export' })));
    const seen = async (from: Locks): Promise<unknown> => (await from.inspect('a')).waiters;
    const elsewhere = other();
    expect(await seen(elsewhere)).toEqual([]);
    await clock.advance(250);
    expect(await seen(elsewhere)).toMatchObject([
      { ownerId: 'w0', operation: 'export', since: began, pid: process.pid },
      { ownerId: 'w1', operation: 'export', since: began },
      { ownerId: 'w2', operation: 'export', since: began },
    ]);
    all.push(outcomeOf(locks.acquire('a', { owner: 'w3' })));
    await clock.advance(1100);
    expect(await seen(elsewhere)).toMatchObject([{}, {}, {}, { ownerId: 'w3', since: began + 250 }]);
    for (const next of [lock]) await next.release();
    await settle(clock);
    for (const { value } of all) {
      await (value as HeldLock).release();
      await settle(clock);
    }
    expect(await seen(elsewhere)).toEqual([]);
  });

  it('keep their order when one of them is on record', async () => {
    const { locks, clock } = makeWorld({ waitMs: 60_000 });
    const lock = await locks.acquire('a');
    const order: number[] = [];
    const all = [0, 1, 2, 3].map(async (n) => {
      const mine = await locks.acquire('a');
      order.push(n);
      await mine.release();
    });
    await clock.advance(1000);
    await lock.release();
    await settle(clock);
    await Promise.all(all);
    expect(order).toEqual([0, 1, 2, 3]);
  });
});
