import { describe, expect, it } from 'vitest';

import { makeWorld, outcomeOf, settle } from './support/world.ts';

describe('an acquire that waited long enough', () => {
  it('rejects to the millisecond and names who has the lock', async () => {
    const { locks, other, clock } = makeWorld({ waitMs: 5000 });
    const lock = await other({ service: 'shop' }).acquire('a', { owner: 'ann', operation: 'import' });
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(4999);
    expect(waiting.state).toBe('pending');
    await clock.advance(1);
    expect(waiting.error).toMatchObject({
      code: 'LOCK_TIMEOUT',
      key: 'a',
      waitedMs: 5000,
      holder: { ownerId: 'ann', operation: 'import', service: 'shop', fencingToken: 1, heldForMs: 5000 },
    });
    expect((waiting.error as Error).message).toBe(
      'could not acquire "a" within 5000 ms: it is held by ann (import, token 1, for 5.00 s)',
    );
    await lock.release();
  });

  it('names the holder of this process too', async () => {
    const { locks, clock } = makeWorld({ waitMs: 5000 });
    const lock = await locks.acquire('a', { owner: 'ann' });
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(5000);
    expect(waiting.error).toMatchObject({ holder: { ownerId: 'ann', heldForMs: 5000 } });
    await lock.release();
  });

  it('leaves no waiter and no lock behind', async () => {
    const { locks, other, clock, memory } = makeWorld({ waitMs: 5000 });
    const lock = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(4999);
    expect((await memory.read('a')).waiters).toHaveLength(1);
    await clock.advance(1);
    expect(waiting.state).toBe('rejected');
    expect((await memory.read('a')).waiters).toEqual([]);
    await lock.release();
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it('says so when the storage gave no answer, and gives back what is granted afterwards', async () => {
    const { locks, clock, storage, memory, recorder } = makeWorld({ waitMs: 1000 });
    storage.delay(2000);
    const acquiring = outcomeOf(locks.acquire('a'));
    await clock.advance(1000);
    expect(acquiring.error).toMatchObject({ code: 'LOCK_TIMEOUT', holder: undefined });
    expect((acquiring.error as Error).message).toMatch('the storage gave no answer in time');
    await clock.advance(1000);
    expect((await memory.read('a')).record).toBeDefined();
    await clock.advance(2000);
    expect((await memory.read('a')).record).toBeUndefined();
    expect(recorder.ends('lock.rollback')).toMatchObject([{ outcome: 'ok', details: { reason: 'caller_gone' } }]);
  });

  it('is also what becomes of a try that gets no answer, whether or not others wait', async () => {
    const { locks, clock, storage } = makeWorld({ waitMs: 1000 });
    storage.delay(5000);
    const alone = outcomeOf(locks.tryAcquire('a'));
    const beside = outcomeOf(locks.tryAcquire('a'));
    await clock.advance(1000);
    expect(alone.error).toMatchObject({ code: 'LOCK_TIMEOUT' });
    expect(beside.error).toMatchObject({ code: 'LOCK_TIMEOUT' });
    storage.delay(0);
    await clock.advance(10_000);
  });

  it("waits as long as it takes with waitMs 'forever'", async () => {
    const { locks, clock } = makeWorld();
    const lock = await locks.acquire('a');
    const waiting = outcomeOf(locks.acquire('a', { waitMs: 'forever' }));
    await clock.advance(3 * 3_600_000);
    expect(waiting.state).toBe('pending');
    await lock.release();
    await settle(clock);
    expect(waiting.state).toBe('resolved');
  }, 60_000);
});
