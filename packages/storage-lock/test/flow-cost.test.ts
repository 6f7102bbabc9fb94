import type * as AsyncHooks from 'node:async_hooks';

import { describe, expect, it, vi } from 'vitest';

import { createLocks } from '../src/index.ts';

const { made, entered } = vi.hoisted(() => ({ made: { count: 0 }, entered: { count: 0 } }));

// Counts what is made and entered; does what the real one does.
vi.mock('node:async_hooks', async (importOriginal) => {
  const original = await importOriginal<typeof AsyncHooks>();
  class AsyncLocalStorage<T> extends original.AsyncLocalStorage<T> {
    constructor() {
      super();
      made.count += 1;
    }
    override run<R>(store: T, callback: (...args: never[]) => R, ...args: never[]): R {
      entered.count += 1;
      return super.run(store, () => callback(...args));
    }
  }
  return { ...original, AsyncLocalStorage };
});

const { MemoryStorage } = await import('@lockscope/storage');

describe('AsyncLocalStorage', () => {
  it("is neither made nor entered with reentrancy 'owner'", async () => {
    const locks = createLocks({ storage: new MemoryStorage() });
    await locks.run('a', () => locks.tryAcquire('b').then((lock) => lock?.release()));
    await locks.close();
    expect([made.count, entered.count]).toEqual([0, 0]);
  });

  it("is made once for each set of locks with reentrancy 'flow'", async () => {
    const locks = createLocks({ storage: new MemoryStorage(), reentrancy: 'flow' });
    await locks.run('a', () => locks.run('a', () => 1));
    await locks.close();
    expect([made.count, entered.count]).toEqual([1, 2]);
  });
});
