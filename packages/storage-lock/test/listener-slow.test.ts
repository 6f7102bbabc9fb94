import type { Listener } from '@lockscope/core';
import { MemoryStorage } from '@lockscope/storage';
import { describe, expect, it, onTestFinished } from 'vitest';

import { createLocks } from '../src/index.ts';
import { blockEventLoop } from './support/block-event-loop.ts';
import { makeWorld, settle } from './support/world.ts';

/** A listener that does the same whatever it is told. */
function always(name: string, does: () => void): Listener {
  return { name, on: does, onStart: does, onAction: does };
}

describe('a listener that takes 10 ms each time', () => {
  it('takes nothing from a lease before the storage is asked, and nothing after it was granted', async () => {
    let spentMs = 0;
    const { locks, clock } = makeWorld({ leaseMs: 9000, listeners: [always('slow', () => void (spentMs += 10))] });
    const monotonic = clock.monotonic.bind(clock);
    clock.monotonic = () => monotonic() + spentMs;
    const lock = await locks.acquire('a');
    // Between the question and the caller's first step it was told once: that the question is under way.
    expect(lock.remainingMs()).toBe(8990);
    await settle(clock);
    expect(spentMs).toBeGreaterThan(30);
    await clock.advance(60_000);
    expect(lock.state).toBe('held');
    expect(await lock.release()).toBe(true);
  });

  it('changes no order, on a loop that is really blocked', async () => {
    const slow = always('slow', () => blockEventLoop(10));
    const locks = createLocks({ storage: new MemoryStorage(), listeners: [slow] });
    onTestFinished(() => locks.close());
    const order: number[] = [];
    await Promise.all([0, 1, 2, 3].map((n) => locks.run('a', () => void order.push(n))));
    expect(order).toEqual([0, 1, 2, 3]);
  });
});
