import { describe, expect, it } from 'vitest';

import { makeWorld, outcomeOf, settle } from './support/world.ts';

describe('the same owner', () => {
  it('acquires what it has without asking the storage, and N acquires need N releases', async () => {
    const { locks, storage, memory } = makeWorld();
    const handles = [];
    for (let n = 0; n < 5; n += 1) handles.push(await locks.acquire('a', { owner: 'ann' }));
    expect(storage.calls('acquire')).toBe(1);
    expect(new Set(handles.map(({ fencingToken }) => fencingToken)).size).toBe(1);
    for (const handle of handles.slice(1)) {
      expect(await handle.release()).toBe(true);
      expect((await memory.read('a')).record).toBeDefined();
      expect(handle.state).toBe('released');
    }
    expect(handles[0]?.state).toBe('held');
    expect(await handles[0]?.release()).toBe(true);
    expect((await memory.read('a')).record).toBeUndefined();
    expect(storage.calls('release')).toBe(1);
  });

  it('does not count a handle twice that is released twice', async () => {
    const { locks, memory } = makeWorld();
    const first = await locks.acquire('a', { owner: 'ann' });
    const second = await locks.acquire('a', { owner: 'ann' });
    await second.release();
    await second.release();
    expect([first.state, second.state, second.remainingMs()]).toEqual(['held', 'released', 0]);
    expect(() => first.assertHeld()).not.toThrow();
    expect(() => second.assertHeld()).toThrowError(expect.objectContaining({ code: 'LOCK_RELEASED' }));
    expect((await memory.read('a')).record).toBeDefined();
    await first.release();
  });

  it('may try, too', async () => {
    const { locks } = makeWorld();
    const first = await locks.acquire('a', { owner: 'ann' });
    const second = await locks.tryAcquire('a', { owner: 'ann' });
    expect(second?.fencingToken).toBe(first.fencingToken);
    expect(await locks.tryAcquire('a', { owner: 'bob' })).toBeUndefined();
    expect(await locks.tryAcquire('a')).toBeUndefined();
    await second?.release();
    await first.release();
  });

  it('nests run()', async () => {
    const { locks, memory } = makeWorld();
    const options = { owner: 'ann' };
    const given = await locks.run(
      'a',
      () => locks.run('a', () => locks.run('a', () => 'deep', options), options),
      options,
    );
    expect(given).toBe('deep');
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it('that waits twice gets it twice, at once, before others that waited between', async () => {
    const { locks, clock, memory } = makeWorld();
    const blocker = await locks.acquire('a');
    const order: string[] = [];
    const get = async (owner: string): Promise<void> => {
      const lock = await locks.acquire('a', { owner });
      order.push(`${owner} ${lock.fencingToken}`);
      await settle(clock);
      await lock.release();
    };
    const all = [get('ann'), get('bob'), get('ann')];
    await settle(clock);
    await blocker.release();
    await clock.advance(1);
    await Promise.all(all);
    expect(order).toEqual(['ann 2', 'ann 2', 'bob 3']);
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it('in another process is another possession', async () => {
    const { locks, other, clock } = makeWorld();
    const lock = await locks.acquire('a', { owner: 'ann' });
    const elsewhere = outcomeOf(other().acquire('a', { owner: 'ann', waitMs: 1000 }));
    await clock.advance(1000);
    expect(elsewhere.error).toMatchObject({ code: 'LOCK_TIMEOUT', holder: { ownerId: 'ann' } });
    await lock.release();
  });

  it('acquires anew what it has lost', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000, watchdog: false });
    const lost = await locks.acquire('a', { owner: 'ann' });
    await clock.advance(9000);
    const lock = await locks.acquire('a', { owner: 'ann' });
    expect(lock.fencingToken).toBeGreaterThan(lost.fencingToken);
    expect([lost.state, lock.state]).toEqual(['lost', 'held']);
    expect(await lost.release()).toBe(false);
    expect(lock.state).toBe('held');
    await lock.release();
  });

  it('waits for its own release to be over before it acquires again', async () => {
    const { locks, clock, storage } = makeWorld();
    const first = await locks.acquire('a', { owner: 'ann' });
    storage.delay(100);
    const releasing = first.release();
    const second = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(100);
    expect(await releasing).toBe(true);
    await clock.advance(100);
    expect(second.value?.fencingToken).toBe(2);
    storage.delay(0);
  });

  it('that acquires and tries in the same moment gets it twice', async () => {
    const { locks, clock, storage } = makeWorld();
    storage.delay(100);
    const acquiring = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    const trying = outcomeOf(locks.tryAcquire('a', { owner: 'ann' }));
    const stranger = outcomeOf(locks.tryAcquire('a', { owner: 'bob' }));
    await clock.advance(100);
    expect([acquiring.value?.fencingToken, trying.value?.fencingToken]).toEqual([1, 1]);
    expect(stranger).toMatchObject({ state: 'resolved', value: undefined });
    storage.delay(0);
    await trying.value?.release();
    expect(acquiring.value?.state).toBe('held');
    await acquiring.value?.release();
  });

  it('takes its waiting acquire off the record when another one of its acquires is served first', async () => {
    const { locks, other, clock, memory } = makeWorld();
    const blocker = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await settle(clock);
    // A storage that serves a try before those who wait, and keeps them on record.
    const acquire = memory.acquire.bind(memory);
    memory.acquire = async (request) => {
      if (request.waitMs !== undefined) return acquire(request);
      const { waiters } = await memory.read('a');
      for (const { leaseId } of waiters) await memory.leave('a', leaseId);
      const result = await acquire(request);
      for (const { leaseId, holder } of waiters)
        await acquire({ key: 'a', leaseId, holder, leaseMs: 1000, waitMs: 60_000 });
      return result;
    };
    await memory.forceRelease('a');
    const trying = await locks.tryAcquire('a', { owner: 'ann' });
    await settle(clock);
    memory.acquire = acquire;
    expect(waiting.value?.fencingToken).toBe(trying?.fencingToken);
    expect((await memory.read('a')).waiters).toEqual([]);
    await trying?.release();
    expect(await waiting.value?.release()).toBe(true);
    expect(await blocker.release()).toBe(false);
  });

  it('loses all its handles together', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000, watchdog: false });
    const first = await locks.acquire('a', { owner: 'ann' });
    const second = await locks.acquire('a', { owner: 'ann' });
    const { signal } = second;
    await clock.advance(9000);
    expect([first.state, second.state, signal.aborted]).toEqual(['lost', 'lost', true]);
    expect(await first.release()).toBe(false);
    expect(await second.release()).toBe(false);
  });
});

describe('an owner that began to acquire before anybody listened, and again after it', () => {
  it('leaves one tree, which ends with the possession', async () => {
    const { locks, recorder, validator, clock } = makeWorld({}, { silent: true });
    const before = locks.acquire('a', { owner: 'ann' });
    locks.listen(recorder);
    locks.listen(validator);
    const after = locks.acquire('a', { owner: 'ann' });
    const handles = [await before, await after];
    await clock.advance(500);
    for (const handle of handles) await handle.release();
    expect(recorder.ends('lock')).toMatchObject([{ outcome: 'released', details: { holdMs: 500 } }]);
    expect(recorder.ends('lock.release')).toHaveLength(1);
  });
});

describe('a new owner for each acquire, the default', () => {
  it('excludes itself', async () => {
    const { locks, clock } = makeWorld();
    const lock = await locks.acquire('a');
    const again = outcomeOf(locks.acquire('a', { waitMs: 1000 }));
    await clock.advance(1000);
    expect(again.error).toMatchObject({ code: 'LOCK_TIMEOUT', holder: { ownerId: lock.ownerId } });
    await lock.release();
  });

  it('is unique, and short enough for every record', async () => {
    const { locks } = makeWorld({}, { silent: true });
    const ids = new Set<string>();
    for (let n = 0; n < 1000; n += 1) {
      const lock = await locks.acquire('a');
      ids.add(lock.ownerId);
      expect(lock.ownerId.length).toBeLessThanOrEqual(64);
      await lock.release();
    }
    expect(ids.size).toBe(1000);
  });
});
