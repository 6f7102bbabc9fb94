import { liftVersioned, MemoryStorage } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import { createLocks, type HeldLock } from '../src/index.ts';
import { makeWorld, outcomeOf, settle } from './support/world.ts';

describe('a semaphore', () => {
  it('lets so many in and no more, across processes, and the next when one leaves', async () => {
    const { locks, other, clock } = makeWorld({ waitMs: 60_000 });
    const elsewhere = other();
    const limit = 3;
    const inside = [
      await locks.acquire('a', { limit }),
      await elsewhere.acquire('a', { limit }),
      await locks.acquire('a', { limit }),
    ];
    expect(await elsewhere.tryAcquire('a', { limit })).toBeUndefined();
    const waiting = outcomeOf(locks.acquire('a', { limit }));
    await clock.advance(1000);
    expect(waiting.state).toBe('pending');
    await inside[1]?.release();
    await settle(clock);
    expect(waiting.state).toBe('resolved');
    expect(new Set([...inside, waiting.value as HeldLock].map(({ fencingToken }) => fencingToken)).size).toBe(4);
  });

  it('serves in order', async () => {
    const { locks, other, clock } = makeWorld({ waitMs: 60_000 });
    const elsewhere = other();
    const holders = [await locks.acquire('a', { limit: 2 }), await locks.acquire('a', { limit: 2 })];
    const order: number[] = [];
    const all = Array.from({ length: 10 }, async (_, n) => {
      const lock = await (n % 2 === 0 ? locks : elsewhere).acquire('a', { limit: 2 });
      order.push(n);
      await lock.release();
    });
    await settle(clock);
    for (const holder of holders) await holder.release();
    await settle(clock);
    await Promise.all(all);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('is told as one, with who shares it', async () => {
    const { locks, recorder, clock } = makeWorld();
    await locks.acquire('a', { owner: 'ann', limit: 2 });
    await locks.acquire('a', { owner: 'bob', limit: 2 });
    await settle(clock);
    expect(recorder.ends('lock.acquire').map(({ mode }) => mode)).toEqual(['semaphore', 'semaphore']);
    const { holder, sharers } = await locks.inspect('a');
    expect([holder?.ownerId, sharers?.map(({ ownerId }) => ownerId)]).toEqual(['ann', ['bob']]);
  });

  it('is renewed for each who is inside', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000 });
    const inside = [await locks.acquire('a', { limit: 2 }), await locks.acquire('a', { limit: 2 })];
    await clock.advance(60_000);
    expect(inside.map(({ state }) => state)).toEqual(['held', 'held']);
  });

  it('frees the place of one that died when its lease is over', async () => {
    const { locks, other, clock } = makeWorld({ leaseMs: 9000, waitMs: 60_000 });
    await other({ watchdog: false }).acquire('a', { limit: 1 });
    const waiting = outcomeOf(locks.acquire('a', { limit: 1 }));
    await clock.advance(9000);
    expect(waiting.state).toBe('resolved');
  });
});

describe('readers and writers', () => {
  it('read together and write alone', async () => {
    const { locks, other, clock } = makeWorld({ waitMs: 60_000 });
    const readers = [await locks.acquire('a', { mode: 'shared' }), await other().acquire('a', { mode: 'shared' })];
    const writer = outcomeOf(locks.acquire('a'));
    await settle(clock);
    await readers[0]?.release();
    await settle(clock);
    expect(writer.state).toBe('pending');
    await readers[1]?.release();
    await settle(clock);
    expect(writer.state).toBe('resolved');
    expect(await locks.tryAcquire('a', { mode: 'shared' })).toBeUndefined();
  });

  it('do not starve a writer: readers that come later wait behind it, and then come in together', async () => {
    const { locks, other, clock } = makeWorld({ waitMs: 60_000 });
    const elsewhere = other();
    const reader = await locks.acquire('a', { mode: 'shared' });
    const writer = outcomeOf(elsewhere.acquire('a'));
    await settle(clock);
    const late = [
      outcomeOf(locks.acquire('a', { mode: 'shared' })),
      outcomeOf(elsewhere.acquire('a', { mode: 'shared' })),
    ];
    await settle(clock);
    expect(late.map(({ state }) => state)).toEqual(['pending', 'pending']);
    await reader.release();
    await settle(clock);
    expect([writer.state, ...late.map(({ state }) => state)]).toEqual(['resolved', 'pending', 'pending']);
    await writer.value?.release();
    await settle(clock);
    expect(late.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
  });

  it('are told apart in events', async () => {
    const { locks, recorder } = makeWorld();
    await (await locks.acquire('a', { mode: 'shared' })).release();
    await (await locks.acquire('a')).release();
    expect(recorder.ends('lock').map(({ mode }) => mode)).toEqual(['shared', 'exclusive']);
  });

  it('of one owner read as often as they like, and are not written by it meanwhile', async () => {
    const { locks, storage, recorder } = makeWorld();
    const once = await locks.acquire('a', { owner: 'ann', mode: 'shared' });
    const asked = storage.calls();
    const twice = await locks.acquire('a', { owner: 'ann', mode: 'shared' });
    expect(twice.fencingToken).toBe(once.fencingToken);
    await expect(locks.acquire('a', { owner: 'ann' })).rejects.toMatchObject({
      code: 'LOCK_DEADLOCK',
      key: 'a',
      ownerId: 'ann',
    });
    expect(storage.calls()).toBe(asked);
    expect(recorder.ends('lock.acquire').map(({ outcome }) => outcome)).toContain('deadlock');
    await twice.release();
    expect(once.state).toBe('held');
    await once.release();
    await (await locks.acquire('a', { owner: 'ann' })).release();
  });

  it('who writes may read as well', async () => {
    const { locks, storage } = makeWorld();
    const writing = await locks.acquire('a', { owner: 'ann' });
    const asked = storage.calls();
    const reading = await locks.acquire('a', { owner: 'ann', mode: 'shared' });
    expect(storage.calls()).toBe(asked);
    await reading.release();
    expect(writing.state).toBe('held');
  });

  it('all lose the lock when it is taken away by force, at once', async () => {
    const { locks, other, clock } = makeWorld();
    const elsewhere = other();
    const readers = [await locks.acquire('a', { mode: 'shared' }), await elsewhere.acquire('a', { mode: 'shared' })];
    const signals = readers.map(({ signal }) => signal);
    await clock.advance(60);
    await locks.forceRelease('a', { reason: 'test' });
    await settle(clock);
    expect(signals.map(({ reason }) => (reason as { reason: string }).reason)).toEqual(['forced', 'forced']);
  });

  it('are given back when the locks are closed, each one, and those who wait are told', async () => {
    const { locks, clock, memory } = makeWorld();
    await locks.acquire('a', { mode: 'shared' });
    await locks.acquire('a', { mode: 'shared' });
    const writer = outcomeOf(locks.acquire('a'));
    await settle(clock);
    const reader = outcomeOf(locks.acquire('a', { mode: 'shared' }));
    await settle(clock);
    await locks.close();
    expect([writer.error, reader.error]).toMatchObject([{ code: 'LOCKS_CLOSED' }, { code: 'LOCKS_CLOSED' }]);
    expect(await memory.read('a')).toMatchObject({ record: undefined, waiters: [] });
  });

  it('that give up waiting leave nothing', async () => {
    const { locks, other, clock, memory } = makeWorld();
    const writer = await other().acquire('a');
    const reader = outcomeOf(locks.acquire('a', { mode: 'shared', waitMs: 500 }));
    await clock.advance(500);
    expect(reader.error).toMatchObject({ code: 'LOCK_TIMEOUT' });
    expect((await memory.read('a')).waiters).toEqual([]);
    await writer.release();
  });
});

describe('the options of sharing', () => {
  it.each([
    [{ mode: 'both' }, 'mode must be exclusive or shared, got "both"'],
    [{ limit: 0 }, 'limit must be a whole number of at least 1, got 0'],
    [{ limit: 1.5 }, 'limit must be a whole number of at least 1, got 1.5'],
    [{ mode: 'exclusive', limit: 2 }, 'limit 2 needs mode shared, got exclusive'],
  ])('refuse %o', async (options, problem) => {
    const { locks } = makeWorld();
    await expect(locks.acquire('a', options as object)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: [problem],
    });
  });

  it('refuse a storage that has no locks to share', async () => {
    const store = { name: 'simple', capabilities: { reach: 'process', durable: false } };
    const locks = createLocks({ storage: liftVersioned(store as Parameters<typeof liftVersioned>[0]) });
    await expect(locks.acquire('a', { limit: 2 })).rejects.toMatchObject({
      problems: ['storage simple has no locks that several can share, so mode and limit cannot be used'],
    });
    await locks.close();
  });

  it('can be declared with a class of locks', async () => {
    const locks = createLocks({ storage: new MemoryStorage() });
    const pool = locks.define('pool/{id}', { limit: 2 });
    const inside = [await pool.acquire({ id: 1 }), await pool.acquire({ id: 1 })];
    expect(await pool.tryAcquire({ id: 1 })).toBeUndefined();
    for (const lock of inside) await lock.release();
    await locks.close();
  });
});
