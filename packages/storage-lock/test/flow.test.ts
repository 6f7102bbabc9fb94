import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { makeWorld, outcomeOf, settle } from './support/world.ts';

describe("reentrancy: 'flow'", () => {
  it('lets what runs inside run() acquire the same lock again, across await boundaries', async () => {
    const { locks, storage, memory } = makeWorld({ reentrancy: 'flow' });
    await locks.run('a', async (outer) => {
      await nextTurn();
      await locks.run('a', async (inner) => {
        await nextTurn();
        expect([inner.ownerId, inner.fencingToken]).toEqual([outer.ownerId, outer.fencingToken]);
        expect(await locks.tryAcquire('a').then((lock) => lock?.release())).toBe(true);
      });
      expect((await memory.read('a')).record).toBeDefined();
    });
    expect(storage.calls('acquire')).toBe(1);
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it('holds for the parallel branches of one flow', async () => {
    const { locks, storage } = makeWorld({ reentrancy: 'flow' });
    const tokens = await locks.flow(() =>
      Promise.all(
        Array.from({ length: 5 }, () =>
          locks.run('a', async ({ fencingToken }) => {
            await nextTurn();
            return fencingToken;
          }),
        ),
      ),
    );
    expect(tokens).toEqual([1, 1, 1, 1, 1]);
    expect(storage.calls('acquire')).toBe(1);
  });

  it('keeps different flows apart', async () => {
    const { locks, clock } = makeWorld({ reentrancy: 'flow' });
    let inside = 0;
    let most = 0;
    const one = (): Promise<void> =>
      locks.run('a', async () => {
        inside += 1;
        most = Math.max(most, inside);
        await nextTurn();
        inside -= 1;
      });
    const all = Promise.all([one(), one(), locks.flow(one), locks.flow(one)]);
    await clock.advance(10);
    await all;
    expect(most).toBe(1);
  });

  it('makes one owner of all that runs inside flow(), for several locks', async () => {
    const { locks } = makeWorld({ reentrancy: 'flow' });
    await locks.flow(async () => {
      const a = await locks.acquire('a');
      const b = await locks.acquire('b');
      expect(a.ownerId).toBe(b.ownerId);
      const again = await locks.acquire('a');
      expect(again.fencingToken).toBe(a.fencingToken);
      await Promise.all([a.release(), b.release(), again.release()]);
    });
    expect(locks.flow(() => 'given')).toBe('given');
  });

  it('is left where an owner is named', async () => {
    const { locks, clock } = makeWorld({ reentrancy: 'flow' });
    const inner = await locks.run('a', async () => {
      const waiting = outcomeOf(locks.acquire('a', { owner: 'somebody else', waitMs: 100 }));
      await clock.advance(100);
      return waiting.error;
    });
    expect(inner).toMatchObject({ code: 'LOCK_TIMEOUT' });
  });

  it('does not outlive its run()', async () => {
    const { locks, clock } = makeWorld({ reentrancy: 'flow' });
    let later: Promise<unknown> = Promise.resolve();
    await locks.run('a', () => {
      // Started inside, done after: it is the same owner, but what it had is released.
      later = (async () => {
        await nextTurn();
        return locks.acquire('a').then((lock) => lock.release());
      })();
    });
    const other = await locks.acquire('a');
    await settle(clock);
    const waiting = outcomeOf(later);
    await settle(clock);
    expect(waiting.state).toBe('pending');
    await other.release();
    await settle(clock);
    expect(waiting.value).toBe(true);
  });
});

describe("reentrancy: 'owner', the default", () => {
  it('has no flow()', () => {
    const { locks } = makeWorld();
    expect(() => locks.flow(() => 1)).toThrowError(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
    expect(() => locks.flow(() => 1)).toThrow("flow() needs the option reentrancy: 'flow'");
  });

  it('makes nested runs exclude each other', async () => {
    const { locks, clock } = makeWorld();
    const outer = outcomeOf(locks.run('a', () => locks.run('a', () => 'never', { waitMs: 1000 })));
    await clock.advance(1000);
    expect(outer.error).toMatchObject({ code: 'LOCK_TIMEOUT' });
  });
});
