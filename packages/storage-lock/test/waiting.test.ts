import { describe, expect, it, vi } from 'vitest';

import { PolledStorage, QueueingStorage, UnheardStorage } from './support/storages.ts';
import { makeWorld, outcomeOf, settle } from './support/world.ts';

/** How long the pauses were between the questions that a storage was asked. */
function pausesBetween(times: readonly number[]): number[] {
  return times.slice(1).map((time, n) => time - (times[n] ?? 0));
}

describe('a waiter', () => {
  it('is told by the storage when another process releases: no time passes, nothing is asked meanwhile', async () => {
    const { locks, other, clock, storage, recorder } = makeWorld();
    const lock = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await settle(clock);
    const asked = storage.calls('acquire');
    await clock.advance(500);
    expect(storage.calls('acquire')).toBe(asked);
    await lock.release();
    await settle(clock);
    expect(waiting.state).toBe('resolved');
    expect(recorder.actions('acquire.handed_over')).toMatchObject([{ payload: { via: 'notified', handoffMs: 0 } }]);
  });

  it('asks again at once when it is told while a question is still on its way back', async () => {
    const { locks, other, clock, memory } = makeWorld({ leaseMs: 30_000 });
    const lock = await other().acquire('a');
    const acquire = memory.acquire.bind(memory);
    memory.acquire = async (request) => {
      const result = await acquire(request);
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 300));
      return result;
    };
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(450);
    await lock.release();
    // The answer "busy" comes after 600 ms, the next one, "yours", after 900.
    await clock.advance(450);
    expect(waiting.state).toBe('resolved');
  });

  it('finds out that it became free while it subscribed', async () => {
    const { locks, other, clock, memory, recorder } = makeWorld({ leaseMs: 30_000 });
    const lock = await other().acquire('a');
    const acquire = memory.acquire.bind(memory);
    memory.acquire = async (request) => {
      const result = await acquire(request);
      if (!result.acquired) await lock.release();
      return result;
    };
    const waiting = outcomeOf(locks.acquire('a'));
    await settle(clock);
    expect(waiting.state).toBe('resolved');
    expect(recorder.actions('acquire.handed_over')).toMatchObject([{ payload: { via: 'polled' } }]);
  });

  it('gets it within a second when the notification gets lost', async () => {
    const { locks, other, clock } = makeWorld({ leaseMs: 30_000 }, { kind: UnheardStorage });
    const lock = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(100);
    await lock.release();
    await clock.advance(900);
    expect(waiting.state).toBe('resolved');
  });

  it('needs no notification when the storage cannot be subscribed to', async () => {
    const { locks, other, clock, memory } = makeWorld({ leaseMs: 30_000 });
    const lock = await other().acquire('a');
    memory.watch = () => {
      throw new Error('no connection');
    };
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(100);
    await lock.release();
    await clock.advance(1000);
    expect(waiting.state).toBe('resolved');
  });

  it('is not held up by a subscription that cannot be ended', async () => {
    const { locks, other, clock, memory } = makeWorld();
    const lock = await other().acquire('a');
    memory.watch = () => () => {
      throw new Error('no connection');
    };
    const waiting = outcomeOf(locks.acquire('a', { waitMs: 1000 }));
    await clock.advance(1000);
    expect(waiting.error).toMatchObject({ code: 'LOCK_TIMEOUT' });
    await lock.release();
  });

  it('asks when the lease of a dead holder is over, not later', async () => {
    const { locks, other, clock, recorder } = makeWorld({ leaseMs: 9000, watchdog: false, waitMs: 60_000 });
    await other().acquire('a', { owner: 'ann' });
    await clock.advance(500);
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(8499);
    expect(waiting.state).toBe('pending');
    await clock.advance(1);
    expect(waiting.state).toBe('resolved');
    expect(recorder.actions('acquire.taken_over')).toMatchObject([
      { payload: { ownerId: 'ann', fencingToken: 1, overdueMs: 0 } },
    ]);
  });

  it('is on record, so that others see it', async () => {
    const { locks, other, clock, memory } = makeWorld();
    const lock = await other().acquire('a');
    const since = clock.now();
    const waiting = outcomeOf(locks.acquire('a', { owner: 'bob', operation: 'export', waitMs: 60_000 }));
    await clock.advance(30_000);
    expect((await memory.read('a')).waiters).toMatchObject([
      { holder: { ownerId: 'bob', operation: 'export', pid: process.pid }, since },
    ]);
    await lock.release();
    await settle(clock);
    expect((await memory.read('a')).waiters).toEqual([]);
    expect(waiting.state).toBe('resolved');
  });

  it('that died does not keep the lock from the others for longer than four seconds', async () => {
    const { locks, other, clock, memory } = makeWorld({ leaseMs: 30_000 });
    const lock = await other().acquire('a');
    // As if a process had died while it waited.
    await memory.acquire({ key: 'a', leaseId: 'dead', leaseMs: 1000, holder: { ownerId: 'dead' }, waitMs: 4000 });
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(100);
    await lock.release();
    await clock.advance(5000);
    expect(waiting.state).toBe('resolved');
  });
});

describe('where the storage can only be asked', () => {
  it('the pauses grow from the least to the most, each spread by a quarter either way', async () => {
    const { locks, other, clock, storage } = makeWorld(
      { poll: { minMs: 20, maxMs: 200 }, leaseMs: 9000, waitMs: 60_000 },
      { kind: PolledStorage },
    );
    const lock = await other().acquire('a');
    const times: number[] = [];
    const acquire = storage.acquire.bind(storage);
    vi.spyOn(storage, 'acquire').mockImplementation((request) => {
      times.push(clock.monotonic());
      return acquire(request);
    });
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(30_000);
    await lock.release();
    await clock.advance(250);
    expect(waiting.state).toBe('resolved');
    const pauses = pausesBetween(times);
    pauses.forEach((pause, n) => {
      const wanted = Math.min(200, 20 * 1.5 ** n);
      // Timers run in whole milliseconds, so a pause may be up to one longer.
      expect(pause).toBeGreaterThanOrEqual(wanted * 0.75);
      expect(pause).toBeLessThanOrEqual(wanted * 1.25 + 1);
    });
    expect(new Set(pauses).size).toBeGreaterThan(20);
  });

  it('the first in line of a queue asks again and again, so a lock is never free for longer than the least pause', async () => {
    const { locks, other, clock } = makeWorld(
      { poll: { minMs: 20, maxMs: 200 }, leaseMs: 9000, waitMs: 60_000 },
      { kind: QueueingStorage },
    );
    const lock = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(10_000);
    await lock.release();
    await clock.advance(26); // 20 ms, a quarter more, and a whole millisecond for the timer
    expect(waiting.state).toBe('resolved');
  });

  it('100 processes that begin at the same moment do not stay together', async () => {
    const { other, locks, clock, storage } = makeWorld(
      { poll: { minMs: 100, maxMs: 100 }, leaseMs: 30_000, waitMs: 60_000 },
      { kind: PolledStorage, silent: true },
    );
    const lock = await locks.acquire('a');
    const waiting = Array.from({ length: 100 }, () => outcomeOf(other().acquire('a')));
    await clock.advance(1000);
    const perMs: number[] = [];
    for (let ms = 0; ms < 100; ms += 1) {
      const before = storage.calls('acquire');
      await clock.advance(1);
      perMs.push(storage.calls('acquire') - before);
    }
    // 100 waiters ask about 100 times in 100 ms; in step, one millisecond would see them all.
    expect(perMs.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(60);
    expect(Math.max(...perMs)).toBeLessThan(15);
    expect(perMs.filter((count) => count > 0).length).toBeGreaterThan(30);
    expect(waiting.every(({ state }) => state === 'pending')).toBe(true);
    await lock.release();
  });

  it('nobody is put on record and nobody subscribes', async () => {
    const { locks, other, clock, storage, memory } = makeWorld({}, { kind: PolledStorage });
    const lock = await other().acquire('a');
    const watch = vi.spyOn(memory, 'watch');
    const waiting = outcomeOf(locks.acquire('a', { waitMs: 1000 }));
    await clock.advance(1000);
    expect(waiting.error).toMatchObject({ code: 'LOCK_TIMEOUT' });
    expect(watch).not.toHaveBeenCalled();
    expect(storage.calls('leave')).toBe(0);
    await lock.release();
  });
});

describe('one of this process that hands over', () => {
  it('is told as such, and by how long the lock was free', async () => {
    const { locks, clock, recorder, storage } = makeWorld({}, { kind: PolledStorage });
    const lock = await locks.acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await settle(clock);
    storage.delay(10);
    void lock.release();
    await clock.advance(20);
    expect(waiting.state).toBe('resolved');
    const { segments = [] } = recorder.ends('lock.acquire').at(-1)?.details ?? {};
    const handoffMs = segments.find(({ kind }) => kind === 'handoff')?.ms;
    expect(handoffMs).toBeGreaterThan(0);
    expect(segments.at(-1)).toEqual({ kind: 'store', ms: 10 });
    expect(recorder.actions('acquire.handed_over')).toMatchObject([{ payload: { via: 'local', handoffMs } }]);
    storage.delay(0);
  });

  it('does not count the time before anybody waited', async () => {
    const { locks, clock, recorder, storage } = makeWorld();
    await locks.acquire('a').then((lock) => lock.release());
    await clock.advance(3_600_000);
    storage.delay(10);
    storage.failNext('acquire');
    const first = expect(locks.acquire('a')).rejects.toMatchObject({ code: 'LOCK_STORAGE_FAILED' });
    const second = locks.acquire('a');
    await clock.advance(100);
    await first;
    storage.delay(0);
    await (await second).release();
    const payloads = recorder.actions('acquire.handed_over').map(({ payload }) => payload);
    for (const payload of payloads) expect((payload as { handoffMs: number }).handoffMs).toBeLessThan(100);
    expect(payloads).toHaveLength(1);
  });
});
