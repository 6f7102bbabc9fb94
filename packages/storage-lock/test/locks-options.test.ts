import { MemoryStorage } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import { createLocks, defaults, InvalidOptionsError, type LocksOptions } from '../src/index.ts';

/** What `createLocks` says of options that cannot work. */
function problemsOf(options: unknown): readonly string[] {
  try {
    createLocks(options as LocksOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', name: 'InvalidOptionsError' });
    return (error as InvalidOptionsError).problems;
  }
  throw new Error('these options were accepted');
}

const storage = new MemoryStorage();
const durations = ['leaseMs', 'renewEveryMs', 'marginMs', 'waitMs'] as const;
const noDurations: readonly [unknown, string][] = [
  [Number.NaN, 'NaN'],
  [0, '0'],
  [-1, '-1'],
  [Infinity, 'Infinity'],
  [1.5, '1.5'],
  ['1000', '"1000"'],
  [null, 'null'],
  [2 ** 31, '2147483648'],
];

describe('the options of createLocks', () => {
  it.each(durations.flatMap((name) => noDurations.map(([value, shown]) => [name, shown, value] as const)))(
    'refuse %s %s, and say which option, which value and which bound',
    (name, shown, value) => {
      const [problem] = problemsOf({ storage, [name]: value });
      expect(problem).toMatch(`${name} must be a whole number of milliseconds from 1 to 2147483647`);
      expect(problem?.endsWith(`got ${shown}`)).toBe(true);
    },
  );

  it.each(noDurations)('refuse a poll delay of %s', (value, shown) => {
    expect(problemsOf({ storage, poll: { minMs: value } })[0]).toMatch(
      `poll.minMs must be a whole number of milliseconds from 1 to 2147483647, got ${shown}`,
    );
    expect(problemsOf({ storage, poll: { maxMs: value } })[0]).toMatch('poll.maxMs must be');
  });

  it('take the longest duration that a timer can wait', () => {
    const longest = 2 ** 31 - 1;
    expect(() => createLocks({ storage, leaseMs: longest, waitMs: longest })).not.toThrow();
  });

  it('tell of waiting for ever where waitMs is wrong', () => {
    expect(problemsOf({ storage, waitMs: 'never' })[0]).toMatch("or 'forever'; use tryAcquire() not to wait at all");
    expect(() => createLocks({ storage, waitMs: 'forever' })).not.toThrow();
  });

  it('refuse poll delays that contradict each other', () => {
    expect(problemsOf({ storage, poll: { minMs: 200 } })).toEqual([
      'poll.minMs must be at most poll.maxMs (100), got 200',
    ]);
  });

  it.each([
    ['no storage at all', {}, /^storage must be a LockStorage, got undefined without acquire, renew, release/],
    ['half a storage', { storage: { acquire() {}, close() {} } }, /got Object without renew, release, forceRelease/],
    [
      'a storage that states no capabilities',
      { storage: { ...methods(), name: 'half' } },
      /^storage must state its capabilities, got none$/,
    ],
    ['an option that does not exist', { storage, leasems: 1 }, /^there is no option "leasems"; known are storage, /],
    [
      'a poll option that does not exist',
      { storage, poll: { min: 1 } },
      /^there is no option "min"; known are minMs, maxMs$/,
    ],
    ['poll that is no object', { storage, poll: 5 }, /^poll must be an object, got 5$/],
    [
      'a re-entrancy that does not exist',
      { storage, reentrancy: 'thread' },
      /^reentrancy must be owner or flow, got "thread"$/,
    ],
    ['a watchdog that is none', { storage, watchdog: true }, /^watchdog must be a function or false, got true$/],
    ['listeners that are no list', { storage, listeners: 'otel' }, /^listeners must be an array, got "otel"$/],
    [
      'a listener without a name',
      { storage, listeners: [{ on() {} }] },
      /^listeners\[0\] must be a function or an object/,
    ],
    ['an onListenerError that is none', { storage, onListenerError: 1 }, /^onListenerError must be a function, got 1$/],
    ['a clock that is none', { storage, clock: Date }, /^clock must be a Clock, got .* without now, monotonic/],
    ['an empty service', { storage, service: '' }, /^service must be a text of 1 to 128 characters, got ""$/],
    ['an operation that is too long', { storage, operation: 'x'.repeat(65) }, /^operation must be a text of 1 to 64 /],
  ])('refuse %s', (_what, options, problem) => {
    expect(problemsOf(options)).toEqual([expect.stringMatching(problem)]);
  });

  it('refuse a storage that says it queues and notifies but has no way to', () => {
    const capabilities = { reach: 'process', durable: false, notifies: true, queues: true };
    expect(problemsOf({ storage: { ...methods(), name: 'liar', capabilities } })).toEqual([
      'storage says that it queues, but has no leave()',
      'storage says that it notifies, but has no watch()',
    ]);
  });

  it.each([[undefined], [null], ['memory']])('refuse %s in place of options', (options) => {
    expect(problemsOf(options)).toEqual(['options must be an object with a storage']);
  });

  it('name all problems at once', () => {
    const problems = problemsOf({ leaseMs: 0, waitMs: -1, reentrancy: 1, service: 5, listeners: {}, typo: true });
    expect(problems).toHaveLength(7);
  });

  it('have the defaults that are exported', async () => {
    const locks = createLocks({ storage });
    const lock = await locks.acquire('a');
    expect(lock.remainingMs()).toBeGreaterThan(defaults.leaseMs - 1000);
    expect(lock.remainingMs()).toBeLessThanOrEqual(defaults.leaseMs);
    expect(defaults).toEqual({
      leaseMs: 30_000,
      localHandovers: 16,
      waitMs: 10_000,
      poll: { minMs: 5, maxMs: 100 },
      reentrancy: 'owner',
    });
    expect(Object.isFrozen(defaults) && Object.isFrozen(defaults.poll)).toBe(true);
    await locks.close();
  });
});

function methods(): Record<string, () => void> {
  const names = ['acquire', 'renew', 'release', 'forceRelease', 'read', 'list', 'close'];
  return Object.fromEntries(names.map((name) => [name, () => undefined]));
}
