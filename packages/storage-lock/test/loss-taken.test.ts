import { describe, expect, it } from 'vitest';

import type { LockLostError } from '../src/index.ts';
import { QueueingStorage, UnheardStorage } from './support/storages.ts';
import { makeWorld, settle } from './support/world.ts';

describe('a lock that somebody else has', () => {
  it('is lost as stolen at the next renewal, and the error names the successor', async () => {
    const { locks, clock, storage, recorder } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    const { signal } = lock;
    await clock.advance(1000);
    await storage.steal('a', { holder: { ownerId: 'thief', operation: 'heist' } });
    await clock.advance(1999);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(signal.aborted).toBe(true);
    const error = signal.reason as LockLostError;
    expect(error).toMatchObject({ code: 'LOCK_LOST', reason: 'stolen', fencingToken: 1 });
    expect(error.message).toBe(
      'lost "a" (token 1): somebody else has it, now held by thief (heist, token 2, for 2.00 s)',
    );
    expect(error.evidence.successor).toEqual({
      ownerId: 'thief',
      operation: 'heist',
      fencingToken: 2,
      heldForMs: 2000,
    });
    expect(recorder.outcomes()).toContain('lease.renew lost');
    expect(await lock.release()).toBe(false);
    // It is not ours, so it was not released.
    expect(storage.calls('release')).toBe(0);
  });

  it('tells of a blocked event loop only what happened since the last renewal', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    const monotonic = clock.monotonic.bind(clock);
    // The timers of the first renewal run 2 s late; it lands all the same.
    clock.monotonic = () => monotonic() + 2000;
    await clock.advance(3000);
    expect(lock.state).toBe('held');
    await clock.advance(1000);
    await storage.steal('a');
    await clock.advance(3000);
    expect(lock.signal.reason).toMatchObject({ reason: 'stolen' });
    expect((lock.signal.reason as LockLostError).evidence.eventLoopDelayMs).toBeLessThan(1);
    clock.monotonic = monotonic;
  });

  it('is found out by the release, when that comes before the next renewal', async () => {
    const { locks, storage, recorder } = makeWorld();
    const lock = await locks.acquire('a');
    const { signal } = lock;
    await storage.steal('a');
    expect(await lock.release()).toBe(false);
    expect(await lock.release()).toBe(false);
    expect(signal.reason).toMatchObject({ reason: 'stolen', evidence: { successor: { ownerId: 'thief' } } });
    expect(recorder.ends('lock.release')[0]?.outcome).toBe('stale');
    expect(recorder.ends('lock')[0]?.outcome).toBe('lost');
  });
});

describe('a lock that was released by force', () => {
  it('is lost at once when another process did it, where the storage can tell', async () => {
    const { locks, other, clock } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a', { owner: 'ann', operation: 'import' });
    const { signal } = lock;
    await clock.advance(1000);
    const victim = await other().forceRelease('a', { reason: 'stuck for hours' });
    expect(victim).toMatchObject({ ownerId: 'ann', operation: 'import', fencingToken: 1, heldForMs: 1000 });
    expect(signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'forced' });
    expect(lock.state).toBe('lost');
  });

  it.each([
    ['that cannot tell', QueueingStorage],
    ['whose news get lost', UnheardStorage],
  ])(
    'is lost at the next renewal with a storage %s, as forced also when somebody has it by then',
    async (_what, kind) => {
      const { locks, other, clock } = makeWorld({ leaseMs: 9000 }, { kind });
      const lock = await locks.acquire('a', { owner: 'ann' });
      await clock.advance(1000);
      await other().forceRelease('a', { reason: 'stuck for hours' });
      await other().acquire('a', { owner: 'bob' });
      expect(lock.state).toBe('held');
      await clock.advance(2000);
      expect(lock.state).toBe('lost');
      expect(lock.signal.reason).toMatchObject({ reason: 'forced', evidence: { successor: { ownerId: 'bob' } } });
    },
  );

  it('is found out by the release as such', async () => {
    const { locks, other } = makeWorld({}, { kind: QueueingStorage });
    const lock = await locks.acquire('a');
    const { signal } = lock;
    await other().forceRelease('a', { reason: 'test' });
    await other().acquire('a', { owner: 'bob' });
    expect(await lock.release()).toBe(false);
    expect(signal.reason).toMatchObject({ reason: 'forced' });
  });

  it('is lost at once when this process did it, and the holder hears of it before the listeners', async () => {
    const heard: string[] = [];
    const listener = { name: 'order', on: ({ type }: { type: string }) => void heard.push(type) };
    const { locks, clock } = makeWorld({ listeners: [listener] });
    const lock = await locks.acquire('a');
    lock.signal.addEventListener('abort', () => heard.push('signal'));
    await settle(clock);
    heard.length = 0;
    await locks.forceRelease('a', { reason: 'test' });
    expect(lock.signal.reason).toMatchObject({ reason: 'forced' });
    expect(heard).toEqual(['signal', 'lease.lost', 'lock', 'storage.force_release', 'lock.force_release']);
  });

  it('can be taken while it is being released, and then the release says that it was too late', async () => {
    const { locks, storage, clock, recorder } = makeWorld();
    const lock = await locks.acquire('a');
    storage.delay(100);
    const forcing = locks.forceRelease('a', { reason: 'test' });
    const releasing = lock.release();
    await clock.advance(100);
    await forcing;
    expect(await releasing).toBe(false);
    expect(recorder.ends('lock')[0]?.outcome).toBe('lost');
    expect(recorder.ends('lease.lost')[0]?.details?.reason).toBe('forced');
  });
});
