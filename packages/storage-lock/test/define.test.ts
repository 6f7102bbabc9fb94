import { describe, expect, it } from 'vitest';

import type { InvalidOptionsError, LockDefinition } from '../src/index.ts';
import { makeWorld } from './support/world.ts';

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
    return (error as InvalidOptionsError).problems;
  }
  throw new Error('it was accepted');
}

describe('define()', () => {
  it('makes keys of parameters', () => {
    const { locks } = makeWorld();
    expect(locks.define('orders/{id}').key({ id: 42 })).toBe('orders/42');
    expect(locks.define('{tenant}:{kind}:{id}').key({ tenant: 'a', kind: 'b', id: 10n })).toBe('a:b:10');
    expect(locks.define('{id}/{id}').key({ id: 'x' })).toBe('x/x');
    expect(locks.define('cron').key({})).toBe('cron');
    expect(locks.define('orders/{id}').key({ id: '$&{id}$1' })).toBe('orders/$&{id}$1');
  });

  it.each([
    [{}, 'undefined'],
    [{ id: '' }, '""'],
    [{ id: Number.NaN }, 'NaN'],
    [{ id: Infinity }, 'Infinity'],
    [{ id: null }, 'null'],
    [{ id: {} }, 'Object'],
    [undefined, 'undefined'],
    [{ __proto__: { id: 1 } }, 'undefined'],
  ])('refuses the parameters %j', async (params, shown) => {
    const { locks, storage } = makeWorld();
    const orders = locks.define('orders/{id}') as unknown as LockDefinition<'orders'>;
    const problem = [`orders/{id} needs a text or number for id, got ${shown}`];
    expect(problemsOf(() => orders.key(params))).toEqual(problem);
    expect(problemsOf(() => orders.lock(params))).toEqual(problem);
    await expect(orders.acquire(params)).rejects.toMatchObject({ code: 'INVALID_OPTIONS', problems: problem });
    await expect(orders.tryAcquire(params)).rejects.toMatchObject({ problems: problem });
    await expect(orders.run(params, () => 1)).rejects.toMatchObject({ problems: problem });
    expect(storage.calls()).toBe(0);
  });

  it.each([
    ['', /a lock key must be a text of 1 to 512 characters/],
    [5, /a lock key must be a text of 1 to 512 characters, got 5/],
    ['orders/{id', /"orders\/\{id" has a brace that is no \{name\}/],
    ['orders/}', /has a brace that is no \{name\}/],
    ['orders/{1d}', /has a brace that is no \{name\}/],
    ['orders/{}', /has a brace that is no \{name\}/],
  ])('refuses the pattern %s', (pattern, problem) => {
    const { locks } = makeWorld();
    expect(problemsOf(() => locks.define(pattern as string))).toEqual([expect.stringMatching(problem)]);
  });

  it('names all problems at once', () => {
    const { locks } = makeWorld();
    const options = { expectedHoldMs: -1, leaseMs: 0, typo: 1 } as never;
    const problems = problemsOf(() => locks.define('a{', options));
    expect(problems).toHaveLength(4);
    expect(problems.join()).toMatch(/brace.*expectedHoldMs must be a number above 0, got -1.*"typo".*leaseMs must be/);
  });

  it('has options of its own, over which those of an acquire go', async () => {
    const { locks, clock } = makeWorld({ leaseMs: 9000 });
    const orders = locks.define('orders/{id}', { leaseMs: 6000, operation: 'checkout' });
    const lock = await orders.acquire({ id: 1 });
    expect(lock.remainingMs()).toBe(6000);
    expect((await locks.inspect('orders/1')).holder?.operation).toBe('checkout');
    const other = await orders.acquire({ id: 2 }, { leaseMs: 3000 });
    expect(other.remainingMs()).toBe(3000);
    const handed = orders.lock({ id: 3 }, { leaseMs: 4500 });
    expect(await handed.run((held) => held.remainingMs())).toBe(4500);
    await clock.advance(0);
    await lock.release();
    await other.release();
  });

  it('gives what Locks gives', async () => {
    const { locks } = makeWorld();
    const orders = locks.define('orders/{id}');
    const lock = await orders.tryAcquire({ id: 1 });
    expect(lock?.key).toBe('orders/1');
    expect(await orders.tryAcquire({ id: 1 })).toBeUndefined();
    expect(await orders.run({ id: 2 }, ({ key }) => key)).toBe('orders/2');
    await lock?.release();
  });
});

describe('the name of a lock', () => {
  it('is the declared pattern, for handles, events and inspections', async () => {
    const { locks, recorder } = makeWorld();
    const users = locks.define('user {mail}');
    const lock = await users.acquire({ mail: 'ann@example.org' });
    expect(lock.name).toBe('user {mail}');
    expect((await locks.inspect('user ann@example.org')).name).toBe('user {mail}');
    expect(locks.lock('user bob@example.org').name).toBe('user {mail}');
    await lock.release();
    expect(new Set(recorder.ends('lock').map(({ lockName }) => lockName))).toEqual(new Set(['user {mail}']));
  });

  it('is a guess where none was declared', async () => {
    const { locks } = makeWorld();
    expect(locks.lock('invoice/7/pdf').name).toBe('invoice/{id}/pdf');
    expect(locks.lock('nightly').name).toBe('nightly');
  });

  it.each([
    ['orders/1', 'orders/{id}'],
    ['orders/1/items/2', 'orders/{id}/items/{item}'],
    ['orders/1/2', 'orders/{id}'],
    ['orders/archive', 'orders/archive'],
    ['orders/archive/1', 'orders/{id}'],
    ['a-b', '{x}-{y}'],
    ['-b', '-b'],
    ['orders/', 'orders/'],
  ])('is, for %s, the most definite pattern that matches: %s', (key, name) => {
    const { locks } = makeWorld();
    for (const pattern of ['{x}-{y}', 'orders/{id}', 'orders/archive', 'orders/{id}/items/{item}'])
      locks.define(pattern);
    expect(locks.lock(key).name).toBe(name);
  });

  it('does not depend on what was declared first, and follows a later declaration', () => {
    const { locks, other } = makeWorld();
    const reversed = other();
    expect(locks.lock('orders/1/items/2').name).toBe('orders/{id}/items/{id}');
    for (const pattern of ['orders/{id}/items/{item}', 'orders/{id}']) reversed.define(pattern);
    for (const pattern of ['orders/{id}', 'orders/{id}', 'orders/{id}/items/{item}']) locks.define(pattern);
    expect(locks.lock('orders/1/items/2').name).toBe('orders/{id}/items/{item}');
    expect(reversed.lock('orders/1/items/2').name).toBe('orders/{id}/items/{item}');
  });

  it('is found in no time, whatever the key', () => {
    const { locks } = makeWorld();
    locks.define('{a}/{b}/{c}/{d}/{e}/{f}/x');
    const key = '/'.repeat(512);
    // A backtracking expression would take minutes for this one; the test would time out.
    expect(locks.lock(key).name).toBe(key);
  });
});
