import { describe, expect, it } from 'vitest';

import { makeWorld } from './support/world.ts';

describe('acquire and release', () => {
  it('cost one question to the storage each', async () => {
    const { locks, storage } = makeWorld();
    const lock = await locks.acquire('orders/42');
    expect(storage.calls()).toBe(1);
    expect(await lock.release()).toBe(true);
    expect(storage.calls()).toBe(2);
  });

  it('give a handle that says what it is', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('orders/42', { owner: 'ann' });
    expect(lock).toMatchObject({
      key: 'orders/42',
      name: 'orders/{id}',
      ownerId: 'ann',
      fencingToken: 1,
      state: 'held',
    });
    expect(lock.acquiredAt).toBe(clock.now());
    await clock.advance(1000);
    expect(lock.remainingMs()).toBe(8000);
    await lock.release();
    expect([lock.state, lock.remainingMs()]).toEqual(['released', 0]);
    expect(() => lock.assertHeld()).toThrowError(expect.objectContaining({ code: 'LOCK_RELEASED' }));
  });

  it('put on record who holds it', async () => {
    const { locks, memory } = makeWorld({ service: 'shop' });
    const lock = await locks.acquire('orders/42', { owner: 'ann', operation: 'POST /pay' });
    const { record } = await memory.read('orders/42');
    expect(record?.holder).toEqual({
      ownerId: 'ann',
      host: expect.any(String),
      pid: process.pid,
      service: 'shop',
      operation: 'POST /pay',
    });
    await lock.release();
    expect((await memory.read('orders/42')).record).toBeUndefined();
  });

  it('keep two owners apart', async () => {
    const { locks, other } = makeWorld();
    const elsewhere = other();
    const lock = await locks.acquire('orders/42');
    expect(await locks.tryAcquire('orders/42')).toBeUndefined();
    expect(await elsewhere.tryAcquire('orders/42')).toBeUndefined();
    expect(await elsewhere.tryAcquire('orders/43')).toBeDefined();
    await lock.release();
    expect(await elsewhere.tryAcquire('orders/42')).toBeDefined();
  });
});
