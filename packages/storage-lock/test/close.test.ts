import { describe, expect, it } from 'vitest';

import { UnheardStorage } from './support/storages.ts';
import { makeWorld, outcomeOf, settle } from './support/world.ts';

describe('close()', () => {
  it('rejects those who wait, here and at the storage, and releases what is held', async () => {
    const { locks, other, clock, memory } = makeWorld();
    const elsewhere = await other().acquire('b');
    const lock = await locks.acquire('a', { owner: 'ann' });
    const again = await locks.acquire('a', { owner: 'ann' });
    const waiting = ['a', 'a', 'b', 'b'].map((key) => outcomeOf(locks.acquire(key)));
    await settle(clock);
    await locks.close();
    for (const { error } of waiting) expect(error).toMatchObject({ code: 'LOCKS_CLOSED' });
    expect(waiting[2]?.error).toMatchObject({ key: 'b' });
    expect((await memory.read('a')).record).toBeUndefined();
    expect((await memory.read('b')).waiters).toEqual([]);
    expect([lock.state, again.state]).toEqual(['released', 'released']);
    await elsewhere.release();
  });

  it('stops every timer at once', async () => {
    const { locks, clock, other } = makeWorld();
    const elsewhere = await other().acquire('b', { owner: 'cat' });
    await locks.acquire('a');
    locks.acquire('a').catch(() => undefined);
    locks.acquire('b').catch(() => undefined);
    await settle(clock);
    const before = clock.timers;
    await locks.close();
    // What is left is the timer of the other process, for its lease.
    expect([before, clock.timers]).toEqual([2, 1]);
    await elsewhere.release();
  });

  it('tells a holder before anybody else can have the lock', async () => {
    const { locks, storage } = makeWorld();
    const lock = await locks.acquire('a');
    let heldWhenTold: number | undefined;
    lock.signal.addEventListener('abort', () => (heldWhenTold = storage.calls('release')));
    await locks.close();
    expect(heldWhenTold).toBe(0);
    expect(lock.signal.reason).toMatchObject({ code: 'LOCKS_CLOSED', key: 'a' });
    expect(() => lock.assertHeld()).toThrowError(expect.objectContaining({ code: 'LOCKS_CLOSED' }));
    expect([lock.state, lock.remainingMs()]).toEqual(['released', 0]);
    // It was held until close() gave it back.
    expect(await lock.release()).toBe(true);
    expect(storage.calls('release')).toBe(1);
  });

  it.each([true, false])('is the end for everybody, whether or not somebody listens (silent: %s)', async (silent) => {
    const { locks, storage } = makeWorld({}, { silent });
    const closing = locks.close();
    expect(locks.close()).toBe(closing);
    await closing;
    await expect(locks.acquire('a')).rejects.toMatchObject({ code: 'LOCKS_CLOSED', key: 'a' });
    await expect(locks.tryAcquire('a')).rejects.toMatchObject({ code: 'LOCKS_CLOSED' });
    await expect(locks.run('a', () => 1)).rejects.toMatchObject({ code: 'LOCKS_CLOSED' });
    expect(storage.calls()).toBe(0);
  });

  it('waits for questions that are under way and gives back what they are granted', async () => {
    const { locks, clock, storage, memory } = makeWorld();
    storage.delay(100);
    const acquiring = outcomeOf(locks.acquire('a'));
    const trying = outcomeOf(locks.tryAcquire('b'));
    const beside = outcomeOf(locks.tryAcquire('a'));
    const closing = outcomeOf(locks.close());
    await settle(clock);
    for (const { error } of [acquiring, trying, beside]) expect(error).toMatchObject({ code: 'LOCKS_CLOSED' });
    await clock.advance(100);
    expect((await memory.read('a')).record).toBeDefined();
    expect(closing.state).toBe('pending');
    await clock.advance(100);
    expect(closing.state).toBe('resolved');
    // So the storage can be closed now: nobody is locked out until a lease is over.
    for (const key of ['a', 'b']) expect((await memory.read(key)).record).toBeUndefined();
    storage.delay(0);
  });

  it('waits for a try, too, that asks beside another one', async () => {
    const { locks, other, clock, storage, memory } = makeWorld({}, { kind: UnheardStorage });
    const blocker = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await settle(clock);
    storage.delay(100);
    const trying = outcomeOf(locks.tryAcquire('a'));
    await memory.forceRelease('a');
    const [queued] = (await memory.read('a')).waiters;
    await memory.leave('a', queued?.leaseId ?? '');
    const closing = outcomeOf(locks.close());
    await clock.advance(100);
    expect([waiting.state, trying.state, closing.state]).toEqual(['rejected', 'rejected', 'pending']);
    expect((await memory.read('a')).record).toBeDefined();
    await clock.advance(100);
    expect(closing.state).toBe('resolved');
    expect((await memory.read('a')).record).toBeUndefined();
    storage.delay(0);
    await blocker.release();
  });

  it('ends when leases do, although the storage gives no answer', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 });
    await locks.acquire('a');
    storage.freeze();
    outcomeOf(locks.acquire('b'));
    const closing = outcomeOf(locks.close());
    await clock.advance(17_999);
    await clock.advance(1);
    expect(closing.state).toBe('resolved');
    storage.thaw();
    await settle(clock);
  });

  it('resolves when a release fails: the lease ends it', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 });
    await locks.acquire('a');
    for (let n = 0; n < 3; n += 1) storage.failNext('release');
    const closing = outcomeOf(locks.close());
    await clock.advance(300);
    expect(closing.state).toBe('resolved');
    await clock.advance(9000);
  });

  it('leaves the storage open for others', async () => {
    const { locks, other } = makeWorld();
    await locks.close();
    expect(await other().tryAcquire('a')).toBeDefined();
  });
});
