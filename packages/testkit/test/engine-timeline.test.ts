import { once } from 'node:events';

import { createLocks, type Locks } from '@lockscope/storage-lock';
import { MemoryStorage, monotoneClock } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import { FakeClock, faultyStorage, Recorder, TimelineValidator, type FaultyStorage } from '../src/index.ts';

interface Bench {
  readonly clock: FakeClock;
  readonly storage: FaultyStorage;
  readonly locks: Locks;
  readonly recorder: Recorder;
}

const settled = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

/** Each story with the outcomes of the roots that it must tell of. */
const stories: Record<string, { readonly ends: readonly string[]; readonly tell: (bench: Bench) => Promise<void> }> = {
  'a possession that is renewed and released': {
    ends: ['released'],
    async tell({ clock, locks }) {
      const lock = await locks.acquire('a');
      await clock.advance(2_500);
      await lock.release();
    },
  },
  'a try, a timeout and an abort on a busy lock, and a wait that is served': {
    ends: ['not_acquired', 'timeout', 'aborted', 'released', 'released'],
    async tell({ clock, locks }) {
      const lock = await locks.acquire('a');
      await locks.tryAcquire('a');
      const late = settled(locks.acquire('a', { waitMs: 1_500 }));
      await clock.advance(1_600);
      await late;
      const abort = new AbortController();
      const aborted = settled(locks.acquire('a', { signal: abort.signal }));
      await clock.advance(10);
      abort.abort();
      await aborted;
      const served = locks.acquire('a');
      await clock.advance(10);
      await lock.release();
      await (await served).release();
    },
  },
  'a lock that is stolen, and one that is taken away': {
    ends: ['lost', 'lost'],
    async tell({ clock, locks, storage }) {
      await locks.acquire('a');
      await storage.steal('a');
      await clock.advance(3_000);
      await locks.acquire('b');
      await locks.forceRelease('b', { reason: 'a test' });
    },
  },
  'a storage that stands still until the lease is over': {
    ends: ['lost'],
    async tell({ clock, locks, storage }) {
      await locks.acquire('a');
      storage.freeze();
      await clock.advance(5_000);
      storage.thaw();
      await clock.advance(1_000);
    },
  },
  'a storage that fails: at the first question, at a renewal, at every release': {
    ends: ['error', 'release_failed'],
    async tell({ clock, locks, storage }) {
      storage.failNext('acquire');
      await settled(locks.acquire('a'));
      const lock = await locks.acquire('a');
      storage.failNext('renew');
      await clock.advance(2_000);
      for (let attempt = 0; attempt < 3; attempt += 1) storage.failNext('release');
      const released = settled(lock.release());
      await clock.advance(1_000);
      await released;
    },
  },
  'an owner that acquires again what it has': {
    ends: ['released'],
    async tell({ locks }) {
      const outer = await locks.acquire('a', { owner: 'me' });
      const inner = await locks.acquire('a', { owner: 'me' });
      await inner.release();
      await outer.release();
    },
  },
};

describe('what the locks tell is a valid timeline:', () => {
  for (const [name, { ends, tell }] of Object.entries(stories)) {
    it(name, async () => {
      const clock = new FakeClock();
      const storage = faultyStorage(new MemoryStorage({ clock: monotoneClock(clock) }), { clock });
      const validator = new TimelineValidator();
      const recorder = new Recorder();
      const locks = createLocks({ storage, clock, leaseMs: 3_000, listeners: [validator, recorder] });
      await tell({ clock, storage, locks, recorder });
      await locks.close();
      validator.assertValid();
      expect(recorder.ends('lock').map(({ outcome }) => outcome)).toEqual(ends);
    });
  }
});

it('is valid on a real clock when the storage is frozen until the lease is over', async () => {
  const validator = new TimelineValidator();
  const faulty = faultyStorage(new MemoryStorage());
  const locks = createLocks({ storage: faulty, listeners: [validator], leaseMs: 100, renewEveryMs: 20, marginMs: 10 });
  const lock = await locks.acquire('orders/1');
  faulty.freeze();
  await once(lock.signal, 'abort');
  faulty.thaw();
  await locks.close();
  validator.assertValid();
});
