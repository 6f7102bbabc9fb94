import type { AcquireRequest } from '@lockscope/storage';
import { describe, expect, it, vi } from 'vitest';

import { StorageTime } from '../src/storage-time.ts';
import { WaitParts } from '../src/wait-parts.ts';
import { makeWorld, outcomeOf, settle, type Kind } from './support/world.ts';

/** A wait for another process, one behind it in its own process, and a try; gives what the storage was asked. */
async function waits(kind: Kind, listeners: readonly { name: string; types: readonly ['lock.release'] }[] = []) {
  const world = makeWorld({ waitMs: 'forever', callSites: true, listeners }, kind);
  const { locks, other, clock, memory } = world;
  const asked: AcquireRequest[] = [];
  const acquire = memory.acquire.bind(memory);
  memory.acquire = (request) => (asked.push(request), acquire(request));
  const lock = await other().acquire('a', { owner: 'bob' });
  const first = outcomeOf(locks.acquire('a', { owner: 'ann' }));
  const second = outcomeOf(locks.acquire('a', { owner: 'cyd' }));
  await clock.advance(1500);
  await lock.release();
  await settle(clock);
  await first.value?.release();
  await settle(clock);
  await second.value?.release();
  return asked;
}

describe('what waits were spent on', () => {
  it.each([
    ['when nobody listens', []],
    ['when those who listen do not want to hear of acquires', [{ name: 'x', types: ['lock.release'] as const }]],
  ])('is not looked at %s: no part, no time of the storage, no stack, no question for past turns', async (_, some) => {
    const add = vi.spyOn(WaitParts.prototype, 'add');
    const answered = vi.spyOn(StorageTime.prototype, 'answered');
    const stack = vi.spyOn(Error, 'captureStackTrace');
    const asked = await waits({ silent: true }, some);
    expect(asked.filter(({ turns }) => turns !== undefined)).toEqual([]);
    expect(add).not.toHaveBeenCalled();
    expect(answered).not.toHaveBeenCalled();
    expect(stack).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it('is asked for only by those who stand in line', async () => {
    const asked = await waits({});
    expect(asked.some(({ turns }) => turns === true)).toBe(true);
    for (const { turns, waitMs } of asked) expect(turns === true).toBe(waitMs !== undefined);
  });
});
