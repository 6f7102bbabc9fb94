import { MemoryStorage } from '@lockscope/storage';
import { describe, expectTypeOf, it } from 'vitest';

import { createLocks, type HeldLock, type LockParams } from '../src/index.ts';

const locks = createLocks({ storage: new MemoryStorage() });
const orders = locks.define('orders/{id}');
const items = locks.define('orders/{order}/items/{item}', { expectedHoldMs: 200 });

describe('the parameters of a definition', () => {
  it('are read from its pattern', () => {
    expectTypeOf<LockParams<'orders/{id}'>>().toExtend<{ id: string | number | bigint }>();
    expectTypeOf<LockParams<'{a}/{b}'>>().toExtend<{ a: string | number | bigint; b: string | number | bigint }>();
    expectTypeOf(orders.name).toEqualTypeOf<'orders/{id}'>();
  });

  it('are all needed, and no others', () => {
    void orders.acquire({ id: 42 });
    void orders.acquire({ id: '42' }, { waitMs: 'forever' });
    void items.tryAcquire({ order: 1n, item: 2 });
    // @ts-expect-error nothing given
    void orders.acquire();
    // @ts-expect-error id is missing
    void orders.acquire({});
    // @ts-expect-error no such parameter
    void orders.acquire({ id: 42, extra: 1 });
    // @ts-expect-error item is missing
    void items.acquire({ order: 1 });
    // @ts-expect-error no object is a key
    void orders.acquire({ id: { nested: 1 } });
    // @ts-expect-error a boolean is no key
    orders.key({ id: true });
  });
});

describe('the options', () => {
  it('are checked by the compiler', () => {
    void locks.acquire('a', { waitMs: 100, signal: AbortSignal.timeout(1) });
    // @ts-expect-error no such option
    void locks.acquire('a', { timeoutMs: 100 });
    // @ts-expect-error a try does not wait
    void locks.tryAcquire('a', { waitMs: 100 });
    // @ts-expect-error a text that is no option
    void locks.acquire('a', { waitMs: 'never' });
    // @ts-expect-error an owner belongs to an acquire, not to a class of locks
    locks.define('orders/{id}', { owner: 'ann' });
    // @ts-expect-error the storage is missing
    createLocks({});
    // @ts-expect-error why?
    void locks.forceRelease('a');
  });
});

describe('what one gets', () => {
  it('is a handle, a handle or nothing, or what the routine gives', () => {
    expectTypeOf(locks.acquire('a')).resolves.toEqualTypeOf<HeldLock>();
    expectTypeOf(locks.tryAcquire('a')).resolves.toEqualTypeOf<HeldLock | undefined>();
    expectTypeOf(locks.run('a', () => 5)).resolves.toEqualTypeOf<number>();
    expectTypeOf(locks.run('a', () => Promise.resolve('x'))).resolves.toEqualTypeOf<string>();
    expectTypeOf(orders.run({ id: 1 }, (lock) => lock.fencingToken)).resolves.toEqualTypeOf<number>();
    expectTypeOf<HeldLock>().toExtend<AsyncDisposable>();
  });

  it('cannot be written on', () => {
    const lock = {} as HeldLock;
    // @ts-expect-error read-only
    lock.fencingToken = 5;
    // @ts-expect-error read-only
    lock.key = 'b';
  });
});
