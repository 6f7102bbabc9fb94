import { getEventListeners } from 'node:events';

import { describe, expect, it } from 'vitest';

import { makeWorld, outcomeOf, settle } from './support/world.ts';

const reason = new Error('the client hung up');

describe('an aborted acquire', () => {
  it.each([true, false])('rejects without asking when the signal had fired before (silent: %s)', async (silent) => {
    const { locks, storage } = makeWorld({}, { silent });
    const error = await locks.acquire('a', { signal: AbortSignal.abort(reason) }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'LOCK_ABORTED', key: 'a', cause: reason });
    expect((error as Error).message).toBe('acquiring "a" was aborted: the client hung up');
    expect(storage.calls()).toBe(0);
  });

  it.each([undefined, null, 'stop', Symbol('stop'), Object.create(null) as object])(
    'takes any reason: %o',
    async (odd) => {
      const { locks, clock } = makeWorld();
      const lock = await locks.acquire('a');
      const controller = new AbortController();
      const waiting = outcomeOf(locks.acquire('a', { signal: controller.signal }));
      controller.abort(odd);
      await settle(clock);
      expect(waiting.error).toMatchObject({ code: 'LOCK_ABORTED' });
      await lock.release();
    },
  );

  it('rejects in the same turn while it waits for another one of this process', async () => {
    const { locks, clock, storage } = makeWorld();
    const lock = await locks.acquire('a');
    const controller = new AbortController();
    const waiting = outcomeOf(locks.acquire('a', { signal: controller.signal }));
    await settle(clock);
    controller.abort(reason);
    await Promise.resolve();
    expect(waiting.error).toMatchObject({ code: 'LOCK_ABORTED', cause: reason });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    await lock.release();
    // It never was at the storage.
    expect(storage.calls('acquire')).toBe(1);
    expect(storage.calls('leave')).toBe(0);
  });

  it('leaves no waiter behind while it waits at the storage', async () => {
    const { locks, other, clock, memory, recorder } = makeWorld();
    const lock = await other().acquire('a');
    const controller = new AbortController();
    const waiting = outcomeOf(locks.acquire('a', { signal: controller.signal, owner: 'impatient' }));
    await settle(clock);
    expect((await memory.read('a')).waiters.map(({ holder }) => holder.ownerId)).toEqual(['impatient']);
    controller.abort(reason);
    await Promise.resolve();
    expect(waiting.state).toBe('rejected');
    await settle(clock);
    expect((await memory.read('a')).waiters).toEqual([]);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(recorder.ends('lock.rollback')).toMatchObject([{ outcome: 'ok', details: { reason: 'caller_gone' } }]);
    await lock.release();
    expect(await other().tryAcquire('a')).toBeDefined();
  });

  it('gives the lock back when the storage grants it afterwards', async () => {
    const { locks, clock, memory, storage, recorder } = makeWorld();
    const controller = new AbortController();
    storage.delay(1000);
    const acquiring = outcomeOf(locks.acquire('a', { signal: controller.signal }));
    await clock.advance(500);
    controller.abort(reason);
    await Promise.resolve();
    expect(acquiring.error).toMatchObject({ code: 'LOCK_ABORTED' });
    await clock.advance(500);
    // Granted at this moment, to nobody.
    expect((await memory.read('a')).record).toBeDefined();
    await clock.advance(1000);
    expect((await memory.read('a')).record).toBeUndefined();
    expect(recorder.outcomes()).toEqual([
      'storage.acquire abandoned',
      'lock.acquire aborted',
      'lock aborted',
      'storage.release ok',
      'lock.rollback ok',
    ]);
  });

  it('gives the lock back when the storage grants it afterwards and the reply gets lost', async () => {
    const { locks, clock, memory, storage } = makeWorld();
    const controller = new AbortController();
    storage.delay(1000);
    storage.loseReply('acquire');
    const acquiring = outcomeOf(locks.acquire('a', { signal: controller.signal }));
    await clock.advance(500);
    controller.abort(reason);
    await clock.advance(500);
    expect(acquiring.state).toBe('rejected');
    expect((await memory.read('a')).record).toBeDefined();
    await clock.advance(1000);
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it('that was on record and granted nothing takes itself off when its last question fails', async () => {
    const { locks, other, clock, memory, storage } = makeWorld();
    const lock = await other().acquire('a');
    const controller = new AbortController();
    const waiting = outcomeOf(locks.acquire('a', { signal: controller.signal }));
    await settle(clock);
    // The question that will be under way reaches the storage, and its reply gets lost.
    storage.delay(100);
    storage.loseReply('acquire');
    await clock.advance(1000);
    controller.abort(reason);
    storage.delay(0);
    expect(storage.inFlight).toBe(1);
    await clock.advance(100);
    expect(waiting.state).toBe('rejected');
    expect((await memory.read('a')).waiters).toEqual([]);
    await lock.release();
  });

  it('is over when the signal fires after it was acquired: that changes nothing any more', async () => {
    const { locks } = makeWorld();
    const controller = new AbortController();
    const lock = await locks.acquire('a', { signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    controller.abort(reason);
    expect([lock.state, lock.signal.aborted]).toEqual(['held', false]);
  });

  it('is possible for a try', async () => {
    const { locks, clock, storage, memory } = makeWorld();
    const controller = new AbortController();
    storage.delay(1000);
    const trying = outcomeOf(locks.tryAcquire('a', { signal: controller.signal }));
    controller.abort(reason);
    await clock.advance(3000);
    expect(trying.error).toMatchObject({ code: 'LOCK_ABORTED' });
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it('leaves no listener on the signal, however the acquire ended', async () => {
    const { locks, clock, storage } = makeWorld();
    const { signal } = new AbortController();
    const lock = await locks.acquire('a', { signal, owner: 'ann' });
    await locks.acquire('a', { signal, owner: 'ann' }).then((again) => again.release());
    await locks.tryAcquire('a', { signal });
    const late = outcomeOf(locks.acquire('a', { signal, waitMs: 100 }));
    await clock.advance(100);
    expect(late.error).toMatchObject({ code: 'LOCK_TIMEOUT' });
    storage.failNext('acquire');
    await expect(locks.acquire('b', { signal })).rejects.toMatchObject({ code: 'LOCK_STORAGE_FAILED' });
    await lock.release();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
