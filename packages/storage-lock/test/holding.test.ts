import { describe, expect, it } from 'vitest';

import { makeWorld, outcomeOf, settle, type World } from './support/world.ts';

async function holdingOf({ recorder, clock }: World, key: string): Promise<readonly string[] | undefined> {
  await settle(clock);
  return recorder.ends('lock.acquire').findLast(({ lockKey }) => lockKey === key)?.details?.holding;
}

describe('what an owner has when it asks for another lock', () => {
  it('is told by its names: of what is held at that moment, of this owner', async () => {
    const world = makeWorld();
    const { locks } = world;
    const first = await locks.acquire('orders/1', { owner: 'ann' });
    const second = await locks.acquire('stock/2', { owner: 'ann' });
    await locks.acquire('users/9', { owner: 'bob' });
    const third = await locks.acquire('mail', { owner: 'ann' });
    expect(await holdingOf(world, 'orders/1')).toBeUndefined();
    expect(await holdingOf(world, 'stock/2')).toEqual(['orders/{id}']);
    expect(await holdingOf(world, 'mail')).toEqual(['orders/{id}', 'stock/{id}']);
    await first.release();
    await third.release();
    await (await locks.acquire('audit', { owner: 'ann' })).release();
    expect(await holdingOf(world, 'audit')).toEqual(['stock/{id}']);
    await second.release();
    await (await locks.acquire('late', { owner: 'ann' })).release();
    expect(await holdingOf(world, 'late')).toBeUndefined();
  });

  it('is told of a flow without naming an owner', async () => {
    const world = makeWorld({ reentrancy: 'flow' });
    const { locks } = world;
    await locks.run('orders/1', () => locks.run('stock/2', () => locks.run('mail', () => undefined)));
    await locks.run('later', () => undefined);
    expect(await holdingOf(world, 'mail')).toEqual(['orders/{id}', 'stock/{id}']);
    expect(await holdingOf(world, 'later')).toBeUndefined();
  });

  it('is nothing for acquires that name nobody', async () => {
    const world = makeWorld();
    const { locks } = world;
    await locks.run('orders/1', () => locks.run('stock/2', () => undefined));
    expect(await holdingOf(world, 'stock/2')).toBeUndefined();
  });

  it('is eight names at most', async () => {
    const world = makeWorld();
    const { locks } = world;
    const held = await Promise.all(Array.from({ length: 20 }, (_, n) => locks.acquire(`kind${n}x`, { owner: 'ann' })));
    await (await locks.acquire('mail', { owner: 'ann' })).release();
    expect(await holdingOf(world, 'mail')).toHaveLength(8);
    for (const lock of held) await lock.release();
  });

  it('does not stay when a lock is lost, or passed on within the process', async () => {
    const world = makeWorld();
    const { locks, clock, storage } = world;
    const lost = await locks.acquire('orders/1', { owner: 'ann' });
    await locks.forceRelease('orders/1', { reason: 'test' });
    expect(lost.state).toBe('lost');
    const first = await locks.acquire('stock/2', { owner: 'ann' });
    const second = outcomeOf(locks.acquire('stock/2', { owner: 'bob' }));
    const third = outcomeOf(locks.acquire('stock/2', { owner: 'cyd' }));
    await settle(clock);
    await first.release();
    await settle(clock);
    const asked = storage.calls('acquire');
    await second.value?.release();
    await settle(clock);
    expect([third.value?.state, storage.calls('acquire')]).toEqual(['held', asked]);
    for (const owner of ['ann', 'bob', 'cyd']) {
      await (await locks.acquire('mail', { owner })).release();
      expect(await holdingOf(world, 'mail')).toEqual(owner === 'cyd' ? ['stock/{id}'] : undefined);
    }
    await third.value?.release();
  });

  it('says with whom an owner would have waited for itself', async () => {
    const world = makeWorld();
    const { locks, recorder, clock } = world;
    const shared = await locks.acquire('orders/1', { owner: 'ann', mode: 'shared', operation: 'read' });
    await expect(locks.acquire('orders/1', { owner: 'ann' })).rejects.toMatchObject({ code: 'LOCK_DEADLOCK' });
    await settle(clock);
    const event = recorder.ends('lock.acquire').find(({ outcome }) => outcome === 'deadlock');
    expect(event).toMatchObject({ details: { holding: ['orders/{id}'] } });
    expect(event?.details?.deadlockWith).toMatchObject([{ ownerId: 'ann', operation: 'read', fencingToken: 1 }]);
    await shared.release();
  });
});
