import { describe, expect, it } from 'vitest';

import type { AcquireOptions, InvalidOptionsError } from '../src/index.ts';
import { makeWorld } from './support/world.ts';

async function problemsOf(promise: Promise<unknown>): Promise<readonly string[]> {
  const error = await promise.then(
    () => expect.fail('it was accepted'),
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'InvalidOptionsError', code: 'INVALID_OPTIONS' });
  return (error as InvalidOptionsError).problems;
}

describe('a key', () => {
  it.each([
    ['', /^a lock key must be a text of 1 to 512 characters, got 0 characters$/],
    ['k'.repeat(513), /got 513 characters$/],
    [42, /got 42$/],
    [undefined, /got undefined$/],
    [null, /got null$/],
    [{}, /got Object$/],
    [Symbol('k'), /got Symbol\(k\)$/],
  ])('is refused when it is %s', async (key, problem) => {
    const { locks, storage } = makeWorld();
    const bad = key as string;
    const expected = [expect.stringMatching(problem)];
    expect(await problemsOf(locks.acquire(bad))).toEqual(expected);
    expect(await problemsOf(locks.tryAcquire(bad))).toEqual(expected);
    expect(await problemsOf(locks.run(bad, () => 1))).toEqual(expected);
    expect(await problemsOf(locks.inspect(bad))).toEqual(expected);
    expect(await problemsOf(locks.forceRelease(bad, { reason: 'test' }))).toEqual(expected);
    expect(() => locks.lock(bad)).toThrowError(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
    expect(storage.calls()).toBe(0);
  });

  it.each(['k'.repeat(512), '__proto__', 'ключ 钥匙 🔑', ' ', '{id}'])('may be %s', async (key) => {
    const { locks } = makeWorld();
    const lock = await locks.acquire(key);
    expect(await locks.tryAcquire(key)).toBeUndefined();
    expect((await locks.inspect(key)).holder?.ownerId).toBe(lock.ownerId);
    expect(await lock.release()).toBe(true);
  });
});

describe('the options of an acquire', () => {
  it.each(
    (['waitMs', 'leaseMs', 'renewEveryMs', 'marginMs'] as const).flatMap((name) =>
      [Number.NaN, 0, -1, Infinity, 1.5, '1', null].map((value) => [name, value] as const),
    ),
  )('refuse %s %s', async (name, value) => {
    const { locks, storage } = makeWorld();
    const [problem] = await problemsOf(locks.acquire('a', { [name]: value }));
    expect(problem).toMatch(`${name} must be a whole number of milliseconds from 1 to 2147483647`);
    expect(storage.calls()).toBe(0);
  });

  it.each([
    ['an option that does not exist', { leasems: 5 }, /^there is no option "leasems"; known are waitMs, leaseMs/],
    ['a signal that is none', { signal: 'abort' }, /^signal must be an AbortSignal, got "abort"$/],
    [
      'an event target that is no signal',
      { signal: new EventTarget() },
      /^signal must be an AbortSignal, got EventTarget$/,
    ],
    ['an empty owner', { owner: '' }, /^owner must be a text of 1 to 128 characters/],
    ['an owner that is too long', { owner: 'o'.repeat(129) }, /^owner must be a text of 1 to 128 characters/],
    ['an operation that is no text', { operation: 5 }, /^operation must be a text of 1 to 64 characters, got 5$/],
    ['times that contradict those of createLocks', { leaseMs: 2000, renewEveryMs: 2000 }, /leaves 0 ms/],
    ['null', null, /^options must be an object, got null$/],
    ['a number', 5000, /^options must be an object, got 5000$/],
  ])('refuse %s', async (_what, options, problem) => {
    const { locks } = makeWorld();
    expect(await problemsOf(locks.acquire('a', options as AcquireOptions))).toEqual([expect.stringMatching(problem)]);
  });

  it('name all problems at once, the key included', async () => {
    const { locks } = makeWorld();
    const options = { waitMs: 0, owner: '', signal: 1, typo: 1 } as unknown as AcquireOptions;
    expect(await problemsOf(locks.acquire('', options))).toHaveLength(5);
  });

  it('derive the renewal from the lease that they give', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000, renewEveryMs: 1000 });
    const lock = await locks.acquire('a', { leaseMs: 6000 });
    await clock.advance(1999);
    expect(storage.calls('renew')).toBe(0);
    await clock.advance(1);
    expect(storage.calls('renew')).toBe(1);
    await lock.release();
  });

  it('refuse a routine that is none before anything is acquired', async () => {
    const { locks, storage } = makeWorld();
    expect(await problemsOf(locks.run('a', undefined as never))).toEqual([
      'run() needs a function to run, got undefined',
    ]);
    expect(storage.calls()).toBe(0);
  });

  it('want to know why a lock is taken away', async () => {
    const { locks } = makeWorld();
    const reason = ['reason must say why the lock is taken away, got'];
    for (const options of [undefined, {}, { reason: '' }]) {
      const problems = await problemsOf(locks.forceRelease('a', options as { reason: string }));
      expect(problems[0]).toContain(reason[0]);
    }
  });
});
