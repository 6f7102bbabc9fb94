import { MemoryStorage, monotoneClock } from '@lockscope/storage';
import { FakeClock, faultyStorage, Recorder, TimelineValidator, type FaultyStorage } from '@lockscope/testkit';
import { expect, onTestFinished } from 'vitest';

import { createLocks, type Locks, type LocksOptions } from '../../src/index.ts';
import { WaitPartsCheck } from './wait-parts-check.ts';

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

/** What is different in this world. */
export interface Kind {
  /** A storage of another kind. */
  readonly kind?: typeof MemoryStorage;
  /** No listener but those of the options. */
  readonly silent?: boolean;
  /** Time passes with each look at the monotonic clock, as it does outside of tests. */
  readonly ticking?: boolean;
}

/** Makes a {@link World}; when the test is over, what {@link buildWorld} checks must hold. */
export function makeWorld(options: Partial<LocksOptions> = {}, kind: Kind = {}): World {
  const { world, finish } = buildWorld(options, kind);
  onTestFinished(finish);
  return world;
}

/** Makes a {@link World}, and what closes it and checks that its timelines are valid and that nothing of it is left. */
export function buildWorld(
  options: Partial<LocksOptions> = {},
  { kind = MemoryStorage, silent = false, ticking = false }: Kind = {},
): { readonly world: World; readonly finish: () => Promise<void> } {
  const clock = new FakeClock();
  if (ticking) letTick(clock);
  const memory = new kind({ clock: monotoneClock(clock) });
  const leftovers = watchLeftovers(memory);
  const storage = faultyStorage(memory, { clock });
  const recorder = new Recorder();
  const validator = new TimelineValidator();
  const parts = new WaitPartsCheck();
  const listeners = [...(silent ? [] : [recorder, validator, parts]), ...(options.listeners ?? [])];
  const all: Locks[] = [];
  const make = (more: Partial<LocksOptions> = {}): Locks => {
    const locks = createLocks({ storage, clock, leaseMs: 9000, ...options, ...more, listeners });
    all.push(locks);
    return locks;
  };
  const finish = async (): Promise<void> => {
    const closed = Promise.all(all.map((locks) => locks.close()));
    await clock.advance(60_000);
    await closed;
    expect(clock.timers, 'timers that are left').toBe(0);
    expect(await leftovers(), 'what is left in the storage').toEqual([]);
    validator.assertValid();
    expect(parts.problems, 'what waits were spent on').toEqual([]);
  };
  return { world: { clock, memory, storage, recorder, validator, locks: make(), other: make }, finish };
}

/** Two looks at it never say the same. A microsecond each: the least that events tell apart. */
function letTick(clock: FakeClock): void {
  const monotonic = clock.monotonic.bind(clock);
  let looks = 0;
  clock.monotonic = () => monotonic() + (looks += 0.001);
}

/** Says what is left of those who used a storage: a lock that is held, somebody who waits, a subscription. */
function watchLeftovers(memory: MemoryStorage): () => Promise<string[]> {
  const keys = new Set<string>();
  let watching = 0;
  const acquire = memory.acquire.bind(memory);
  memory.acquire = (request) => (keys.add(request.key), acquire(request));
  const watch = memory.watch.bind(memory);
  memory.watch = (key, leaseId, tell) => {
    const stop = watch(key, leaseId, tell);
    watching += 1;
    return () => {
      watching -= 1;
      stop();
    };
  };
  return async () => {
    const left: string[] = watching === 0 ? [] : [`${watching} subscriptions`];
    for (const key of keys) {
      const { record, waiters } = await memory.read(key);
      if (record !== undefined) left.push(`${key} is held by ${record.holder.ownerId}`);
      for (const { holder } of waiters) left.push(`${key} is waited for by ${holder.ownerId}`);
    }
    return left;
  };
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
