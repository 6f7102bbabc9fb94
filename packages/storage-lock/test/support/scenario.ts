import { vi } from 'vitest';

import type { HeldLock } from '../../src/index.ts';
import { outcomeOf, type Outcome, type World } from './world.ts';

/**
 * Uses a bit of everything, and writes down what its callers got, when, and what the storage was asked, when. Two runs
 * that read the same are the same to everybody but the listeners.
 */
export async function playScenario(world: World): Promise<string[]> {
  const { locks, clock, storage } = world;
  const elsewhere = world.other();
  const script: string[] = [];
  const write = (text: string): void => void script.push(`${clock.monotonic()} ${text}`);
  for (const operation of ['acquire', 'renew', 'release', 'forceRelease', 'read'] as const) {
    const call = storage[operation].bind(storage) as (...args: unknown[]) => Promise<unknown>;
    vi.spyOn(storage, operation).mockImplementation(((...args: unknown[]) => {
      write(`storage.${operation}`);
      return call(...args);
    }) as never);
  }
  const note = (name: string, outcome: Outcome<HeldLock | boolean | undefined>): void => {
    const { state, value, error } = outcome;
    const lock = typeof value === 'object' ? `token ${value.fencingToken}, ${value.remainingMs()} ms left` : value;
    write(`${name} ${state} ${state === 'rejected' ? (error as { code: string }).code : String(lock)}`);
  };
  const wait = async <T extends HeldLock | boolean | undefined>(name: string, promise: Promise<T>): Promise<T> => {
    const outcome = outcomeOf(promise);
    promise.then(
      () => note(name, outcome),
      () => note(name, outcome),
    );
    return promise;
  };

  const first = await wait('first', locks.acquire('a', { owner: 'ann' }));
  const again = await wait('again', locks.acquire('a', { owner: 'ann' }));
  const abandoned = new AbortController();
  const waitingSecond = wait('second', locks.acquire('a'));
  wait('aborted', locks.acquire('a', { signal: abandoned.signal })).catch(() => undefined);
  wait('late', locks.acquire('a', { waitMs: 1500 })).catch(() => undefined);
  const waitingThird = wait('third', locks.acquire('a'));
  const waitingElsewhere = wait('elsewhere', elsewhere.acquire('a'));
  await wait('busy', locks.tryAcquire('a'));
  await clock.advance(1000);
  abandoned.abort();
  await clock.advance(5000);
  await wait('again released', again.release());
  await wait('first released', first.release());
  // It was the first on record, so its turn is before those who waited behind another one of this process.
  const there = await waitingElsewhere;
  await clock.advance(100);
  await locks.inspect('a');
  await wait(
    'forced',
    locks.forceRelease('a', { reason: 'test' }).then(() => true),
  );
  const second = await waitingSecond;
  await clock.advance(3000);
  write(`there is ${there.state}`);
  await wait('second released', second.release());
  const last = await waitingThird;
  storage.failNext('renew');
  await clock.advance(10_000);
  write(`last is ${last.state}`);
  storage.failNext('release');
  const released = wait('last released', last.release());
  await clock.advance(50);
  await released;
  storage.failNext('acquire');
  await wait('failed', locks.acquire('b')).catch(() => undefined);
  write(`run gave ${await locks.run('b', ({ fencingToken }) => `done with ${fencingToken}`)}`);
  await wait(
    'closing',
    locks.close().then(() => true),
  );
  return script;
}
