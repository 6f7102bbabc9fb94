import { describe, expect, it } from 'vitest';

import { LockLostError } from '../src/index.ts';
import { makeWorld, outcomeOf, settle } from './support/world.ts';

describe('run()', () => {
  it('gives what the routine gives, and releases', async () => {
    const { locks, memory } = makeWorld();
    const given = await locks.run('a', async (lock) => {
      expect((await memory.read('a')).record?.fencingToken).toBe(lock.fencingToken);
      return 'done';
    });
    expect(given).toBe('done');
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it.each([
    [
      'throws',
      () => {
        throw new RangeError('no stock');
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('no stock'))],
  ])('releases when the routine %s, and rejects with the very same error', async (_how, routine) => {
    const { locks, memory } = makeWorld();
    await expect(locks.run('a', routine)).rejects.toThrowError(new RangeError('no stock'));
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it('rejects when the lock was lost meanwhile, although the routine was done', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000, watchdog: false });
    let finish = (): void => undefined;
    const running = outcomeOf(locks.run('a', () => new Promise<void>((resolve) => (finish = resolve))));
    await clock.advance(9000);
    finish();
    await settle(clock);
    expect(running.error).toMatchObject({ code: 'LOCK_LOST', reason: 'expired' });
    expect((running.error as Error).cause).toBeUndefined();
  });

  it('keeps what the routine threw as the cause of the loss', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000, watchdog: false });
    const own = new TypeError('half done');
    const running = outcomeOf(
      locks.run('a', async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw own;
      }),
    );
    await clock.advance(9000);
    expect(running.error).toBeInstanceOf(LockLostError);
    expect(running.error).toMatchObject({ code: 'LOCK_LOST', reason: 'expired', fencingToken: 1 });
    expect((running.error as Error).cause).toBe(own);
  });

  it('does not wrap the loss in itself when the routine passes it on', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000, watchdog: false });
    let seen: unknown;
    const running = outcomeOf(
      locks.run('a', async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        seen = signal.reason;
        signal.throwIfAborted();
      }),
    );
    await clock.advance(9000);
    expect(running.error).toBe(seen);
  });

  it('rejects when the release fails, and keeps what the routine threw', async () => {
    const { locks, clock, storage } = makeWorld();
    for (let n = 0; n < 6; n += 1) storage.failNext('release');
    const fine = outcomeOf(locks.run('a', () => 'done'));
    await clock.advance(300);
    expect(fine.error).toMatchObject({ code: 'LOCK_RELEASE_FAILED', suppressed: undefined });
    const own = new Error('half done');
    const failed = outcomeOf(locks.run('b', () => Promise.reject(own)));
    await clock.advance(300);
    expect(failed.error).toMatchObject({ code: 'LOCK_RELEASE_FAILED', suppressed: own });
    expect(failed.error).toMatchObject({ cause: { code: 'STORAGE_FAILED' } });
    await clock.advance(9000);
  });

  it('lets the routine release early', async () => {
    const { locks, storage } = makeWorld();
    expect(await locks.run('a', async (lock) => `released ${await lock.release()}`)).toBe('released true');
    expect(storage.calls('release')).toBe(1);
  });

  it('does not call the routine when the lock was not acquired', async () => {
    const { locks, clock } = makeWorld();
    const lock = await locks.acquire('a');
    let ran = false;
    const running = outcomeOf(locks.run('a', () => (ran = true), { waitMs: 1000 }));
    await clock.advance(1000);
    expect(running.error).toMatchObject({ code: 'LOCK_TIMEOUT' });
    expect(ran).toBe(false);
    await lock.release();
  });

  it('rejects when close() gave the lock back before the routine was done', async () => {
    const { locks, clock } = makeWorld();
    let finish = (): void => undefined;
    const running = outcomeOf(locks.run('a', () => new Promise<void>((resolve) => (finish = resolve))));
    await settle(clock);
    await locks.close();
    finish();
    await settle(clock);
    expect(running.error).toMatchObject({ code: 'LOCKS_CLOSED', key: 'a' });
    expect((running.error as Error).message).toBe(
      '"a" was given back before its holder was done: these locks have been closed',
    );
  });

  it('keeps what the routine threw when close() interrupted it', async () => {
    const { locks, clock } = makeWorld();
    const own = new Error('half done');
    const running = outcomeOf(
      locks.run('a', async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw own;
      }),
    );
    await settle(clock);
    await locks.close();
    await settle(clock);
    expect(running.error).toMatchObject({ code: 'LOCKS_CLOSED' });
    expect((running.error as Error).cause).toBe(own);
  });
});
