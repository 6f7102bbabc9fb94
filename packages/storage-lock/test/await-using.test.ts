/* oxlint-disable typescript/await-thenable -- it does not see the disposable library of tsconfig.test.json */
import { describe, expect, it } from 'vitest';

import { makeWorld, outcomeOf } from './support/world.ts';

describe('await using', () => {
  it('releases at the end of the block', async () => {
    const { locks, memory } = makeWorld();
    {
      await using lock = await locks.acquire('a');
      expect((await memory.read('a')).record?.fencingToken).toBe(lock.fencingToken);
    }
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it('releases when the block throws, and the error is the one that was thrown', async () => {
    const { locks, memory } = makeWorld();
    const own = new Error('half done');
    const block = async (): Promise<void> => {
      await using lock = await locks.acquire('a');
      lock.assertHeld();
      throw own;
    };
    await expect(block()).rejects.toBe(own);
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it('keeps both errors when the block throws and the release fails', async () => {
    const { locks, storage, clock } = makeWorld({ leaseMs: 9000 });
    const own = new Error('half done');
    const block = async (): Promise<void> => {
      await using lock = await locks.acquire('a');
      lock.assertHeld();
      for (let n = 0; n < 3; n += 1) storage.failNext('release');
      throw own;
    };
    const outcome = outcomeOf(block());
    await clock.advance(300);
    expect(outcome.error).toMatchObject({ name: 'SuppressedError', error: { code: 'LOCK_RELEASE_FAILED' } });
    expect((outcome.error as { suppressed: unknown }).suppressed).toBe(own);
    await clock.advance(9000);
  });

  it('says nothing of a loss: that is what assertHeld() and signal are for', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000, watchdog: false });
    const block = async (): Promise<string> => {
      await using lock = await locks.acquire('a');
      await clock.advance(9000);
      return lock.state;
    };
    expect(await block()).toBe('lost');
  });

  it('closes locks as well', async () => {
    const { other, memory } = makeWorld();
    {
      await using locks = other();
      await locks.acquire('a');
    }
    expect((await memory.read('a')).record).toBeUndefined();
  });
});
