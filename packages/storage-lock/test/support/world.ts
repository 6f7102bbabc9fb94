import { MemoryStorage, monotoneClock } from '@lockscope/storage';
import { FakeClock, faultyStorage, Recorder, TimelineValidator, type FaultyStorage } from '@lockscope/testkit';
import { expect, onTestFinished } from 'vitest';

import { createLocks, type Locks, type LocksOptions } from '../../src/index.ts';

/** One process with its locks over a storage in memory, all on one fake clock. */
export interface World {
  readonly clock: FakeClock;
  /** The storage itself, past the faults. */
  readonly memory: MemoryStorage;
  readonly storage: FaultyStorage;
  readonly recorder: Recorder;
  readonly validator: TimelineValidator;
  readonly locks: Locks;
  /** Another process on the same storage: locks that know nothing of the first ones. */
  readonly other: (options?: Partial<LocksOptions>) => Locks;
}

/** Which of the things that are checked at the end of every test do not hold here, and why not. */
export interface Exceptions {
  /** The storage hangs, so there are timers that wait for it. */
  readonly storageHangs?: boolean;
  /** A storage of another kind. */
  readonly kind?: typeof MemoryStorage;
  /** No listener at all. */
  readonly silent?: boolean;
}

/**
 * Makes a {@link World}. When the test is over, its timelines must be valid, and after `close()` nothing of it may be
 * left: no timer, no lock, no waiter.
 */
export function makeWorld(options: Partial<LocksOptions> = {}, exceptions: Exceptions = {}): World {
  const clock = new FakeClock();
  const memory = new (exceptions.kind ?? MemoryStorage)({ clock: monotoneClock(clock) });
  const storage = faultyStorage(memory, { clock });
  const recorder = new Recorder();
  const validator = new TimelineValidator();
  const listeners = exceptions.silent ? [] : [recorder, validator, ...(options.listeners ?? [])];
  const all: Locks[] = [];
  const make = (more: Partial<LocksOptions>): Locks => {
    const locks = createLocks({ storage, clock, leaseMs: 9000, ...options, ...more, listeners });
    all.push(locks);
    return locks;
  };
  const world = { clock, memory, storage, recorder, validator, locks: make({}), other: (more = {}) => make(more) };
  onTestFinished(async () => {
    if (exceptions.storageHangs !== true) {
      const closed = Promise.all(all.map((locks) => locks.close()));
      await clock.advance(60_000);
      await closed;
      expect(clock.timers, 'timers that are left').toBe(0);
      expect(await heldKeys(memory), 'locks that are left').toEqual([]);
    }
    validator.assertValid({ stillRunning: exceptions.storageHangs === true });
  });
  return world;
}

/** Every key that is held or waited for, by the storage's own account. */
async function heldKeys(memory: MemoryStorage): Promise<string[]> {
  const keys: string[] = [];
  for await (const { record } of memory.list()) keys.push(record.key);
  return keys;
}

/** Lets promises settle without letting time pass. */
export async function settle(clock: FakeClock): Promise<void> {
  await clock.advance(0);
}

/** How a promise stands: what it resolved with, what it rejected with, or that it still waits. */
export interface Outcome<T> {
  state: 'pending' | 'resolved' | 'rejected';
  value?: T;
  error?: unknown;
}

/** Watches a promise without waiting for it. */
export function outcomeOf<T>(promise: Promise<T>): Outcome<T> {
  const outcome: Outcome<T> = { state: 'pending' };
  promise.then(
    (value) => Object.assign(outcome, { state: 'resolved', value }),
    (error: unknown) => Object.assign(outcome, { state: 'rejected', error }),
  );
  return outcome;
}
