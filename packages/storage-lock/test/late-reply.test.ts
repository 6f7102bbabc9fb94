import { describe, expect, it } from 'vitest';

import { makeWorld, outcomeOf } from './support/world.ts';

describe('a grant that comes after its lease is over', () => {
  it('is never handed out: it is given back, and the storage is asked again', async () => {
    const { locks, clock, storage, recorder } = makeWorld({ leaseMs: 9000, waitMs: 60_000 });
    storage.delay(9000);
    const acquiring = outcomeOf(locks.acquire('a'));
    await clock.advance(8999);
    storage.delay(100);
    await clock.advance(1);
    expect(acquiring.state).toBe('pending');
    await clock.advance(1300);
    expect(acquiring.value?.fencingToken).toBe(2);
    expect(acquiring.value?.remainingMs()).toBeGreaterThan(7000);
    expect(recorder.ends('lock.rollback')).toMatchObject([{ details: { reason: 'late_reply' } }]);
    storage.delay(0);
  });

  it('is given back however late that comes through, and never frees what was granted instead', async () => {
    const { locks, clock, storage, memory } = makeWorld({ leaseMs: 9000, waitMs: 60_000 });
    const release = storage.release.bind(storage);
    storage.release = async (key, leaseId) => {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 5000));
      return release(key, leaseId);
    };
    storage.delay(9000);
    const acquiring = outcomeOf(locks.acquire('a'));
    await clock.advance(8999);
    storage.delay(0);
    await clock.advance(5002);
    expect(acquiring.value?.fencingToken).toBe(2);
    expect((await memory.read('a')).record?.fencingToken).toBe(2);
    storage.release = release;
  });

  it('a millisecond earlier is handed out, with the millisecond that is left', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000, waitMs: 60_000, watchdog: false });
    storage.delay(8999);
    const acquiring = outcomeOf(locks.acquire('a'));
    await clock.advance(8999);
    expect(acquiring.value?.remainingMs()).toBe(1);
    storage.delay(0);
  });

  it('is a failure of the storage to a try, not a busy lock', async () => {
    const { locks, clock, storage, memory } = makeWorld({ leaseMs: 9000, waitMs: 60_000 });
    storage.delay(10_000);
    const trying = outcomeOf(locks.tryAcquire('a'));
    await clock.advance(20_000);
    expect(trying.error).toMatchObject({ code: 'LOCK_STORAGE_FAILED', operation: 'acquire' });
    expect((trying.error as Error).message).toMatch('the storage took 10000 ms to grant it, longer than the lease');
    expect((await memory.read('a')).record).toBeUndefined();
    storage.delay(0);
  });
});

describe('a reply that gets lost', () => {
  it('leaves no lock behind, although the storage granted it', async () => {
    const { locks, clock, storage, memory, recorder } = makeWorld();
    storage.loseReply('acquire');
    await expect(locks.acquire('a')).rejects.toMatchObject({ code: 'LOCK_STORAGE_FAILED', operation: 'acquire' });
    await clock.advance(0);
    expect((await memory.read('a')).record).toBeUndefined();
    expect(recorder.ends('lock.rollback')).toMatchObject([{ outcome: 'ok', details: { reason: 'no_answer' } }]);
  });

  it('while it waits costs nothing: the storage says again that it was granted', async () => {
    const { locks, other, clock, storage, memory } = makeWorld();
    const lock = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(100);
    await lock.release();
    storage.loseReply('acquire');
    await clock.advance(1000);
    expect(waiting.value?.fencingToken).toBe((await memory.read('a')).record?.fencingToken);
    expect(waiting.value?.fencingToken).toBe(2);
  });

  it('that cannot be cleaned up is told as an event and nothing more', async () => {
    const { locks, clock, storage, recorder } = makeWorld({ leaseMs: 9000 });
    storage.loseReply('acquire');
    storage.failNext('leave');
    await expect(locks.acquire('a')).rejects.toMatchObject({ code: 'LOCK_STORAGE_FAILED' });
    await clock.advance(0);
    expect(recorder.ends('lock.rollback')).toMatchObject([{ outcome: 'error', error: { code: 'STORAGE_FAILED' } }]);
    // The lease is the last resort.
    await clock.advance(9000);
    expect(await locks.tryAcquire('a')).toBeDefined();
  });
});

describe('a storage that fails', () => {
  it('fails an acquire at once when the lock is not contended: an outage is not contention', async () => {
    const { locks, storage } = makeWorld();
    storage.failNext('acquire');
    const error = await locks.acquire('a').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'LOCK_STORAGE_FAILED', operation: 'acquire' });
    expect(error).toMatchObject({ cause: { code: 'STORAGE_FAILED' } });
    storage.failNext('acquire');
    await expect(locks.tryAcquire('a')).rejects.toMatchObject({ code: 'LOCK_STORAGE_FAILED' });
  });

  it('is forgiven by those who wait, for as long as a lease lasts', async () => {
    const { locks, other, clock, storage } = makeWorld({ leaseMs: 9000, waitMs: 60_000 });
    const lock = await other().acquire('a');
    const short = outcomeOf(locks.acquire('a'));
    await clock.advance(100);
    for (let n = 0; n < 8; n += 1) storage.failNext('acquire');
    await clock.advance(8500);
    expect(short.state).toBe('pending');
    await lock.release();
    await clock.advance(1000);
    expect(short.state).toBe('resolved');
    await short.value?.release();

    const again = await other().acquire('a');
    const long = outcomeOf(locks.acquire('a'));
    await clock.advance(100);
    for (let n = 0; n < 20; n += 1) storage.failNext('acquire');
    await clock.advance(11_000);
    expect(long.error).toMatchObject({ code: 'LOCK_STORAGE_FAILED', cause: { code: 'STORAGE_FAILED' } });
    await again.release();
  });

  it('by throwing instead of rejecting is no different', async () => {
    const { locks, memory, clock } = makeWorld({ leaseMs: 9000 });
    const thrown = new Error('not connected');
    const acquire = memory.acquire.bind(memory);
    memory.acquire = () => {
      throw thrown;
    };
    await expect(locks.acquire('a')).rejects.toMatchObject({ code: 'LOCK_STORAGE_FAILED', cause: thrown });
    memory.acquire = acquire;
    const lock = await locks.acquire('a');
    const renew = memory.renew.bind(memory);
    memory.renew = () => {
      throw thrown;
    };
    await clock.advance(3000);
    expect(lock.state).toBe('suspect');
    memory.renew = renew;
    await clock.advance(3000);
    expect(lock.state).toBe('held');
  });
});
