import { describe, expect, it } from 'vitest';

import { makeWorld, outcomeOf, settle } from './support/world.ts';

describe('release()', () => {
  it('twice is done once and answers the same', async () => {
    const { locks, storage } = makeWorld();
    const lock = await locks.acquire('a');
    const first = lock.release();
    expect(lock.release()).toBe(first);
    expect(await first).toBe(true);
    expect(await lock.release()).toBe(true);
    expect(storage.calls('release')).toBe(1);
  });

  it('does nothing for a lock that somebody else has by now', async () => {
    const { locks, clock, other, memory } = makeWorld({ leaseMs: 9000, watchdog: false });
    const lock = await locks.acquire('a');
    await clock.advance(9000);
    const next = await other().acquire('a');
    expect(await lock.release()).toBe(false);
    expect((await memory.read('a')).record?.fencingToken).toBe(next.fencingToken);
  });

  it('with the wrong owner is refused by the storage, whoever asks', async () => {
    const { locks, memory, other } = makeWorld();
    const lock = await locks.acquire('a', { owner: 'ann' });
    const refused = { released: false, record: { holder: { ownerId: 'ann' } } };
    expect(await memory.release('a', 'not the lease')).toMatchObject(refused);
    expect(await memory.release('a', 'ann')).toMatchObject(refused);
    // The same name in another process is another possession.
    expect(await other().tryAcquire('a', { owner: 'ann' })).toBeUndefined();
    expect(lock.state).toBe('held');
    expect(await lock.release()).toBe(true);
  });

  it('ends at once while a renewal hangs, and that renewal means nothing any more', async () => {
    const { locks, clock, storage, memory, recorder } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    storage.delay(1000);
    await clock.advance(3000);
    storage.delay(0);
    expect(storage.calls('renew')).toBe(1);
    expect(await lock.release()).toBe(true);
    expect((await memory.read('a')).record).toBeUndefined();
    // The renewal reaches the storage after the release and is refused: no loss.
    await clock.advance(1000);
    expect([lock.state, lock.signal.aborted]).toEqual(['released', false]);
    expect(recorder.outcomes()).toContain('lease.renew abandoned');
    expect(recorder.ends('lock')[0]?.outcome).toBe('released');
  });

  it('is not taken for a loss when the storage refuses a renewal because of it', async () => {
    const { locks, clock, storage, recorder } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    storage.delay(10);
    await clock.advance(3000);
    storage.delay(0);
    expect(storage.inFlight).toBe(1);
    // The release overtakes the renewal on its way there, and is overtaken by it on its way back.
    const release = storage.release.bind(storage);
    storage.release = async (...args) => {
      const result = await release(...args);
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 100));
      return result;
    };
    const releasing = outcomeOf(lock.release());
    await clock.advance(50);
    expect([releasing.state, lock.signal.aborted]).toEqual(['pending', false]);
    await clock.advance(50);
    expect([releasing.value, lock.signal.aborted]).toEqual([true, false]);
    expect(recorder.outcomes().filter((outcome) => outcome.startsWith('lease'))).toEqual(['lease.renew abandoned']);
    storage.release = release;
  });

  it.each([1, 2])('is tried again when the storage fails %i times', async (failures) => {
    const { locks, clock, storage, memory, recorder } = makeWorld();
    const lock = await locks.acquire('a');
    for (let n = 0; n < failures; n += 1) storage.failNext('release');
    const releasing = outcomeOf(lock.release());
    await clock.advance(failures === 1 ? 50 : 300);
    expect(releasing.value).toBe(true);
    expect(storage.calls('release')).toBe(failures + 1);
    expect((await memory.read('a')).record).toBeUndefined();
    expect(recorder.ends('storage.release').map(({ outcome }) => outcome)).toEqual([
      ...Array.from({ length: failures }, () => 'error'),
      'ok',
    ]);
  });

  it('that the storage did although its reply got lost is a release, not a loss', async () => {
    const { locks, clock, storage, recorder } = makeWorld();
    const lock = await locks.acquire('a');
    storage.loseReply('release');
    const releasing = outcomeOf(lock.release());
    await clock.advance(50);
    expect(releasing.value).toBe(true);
    expect(lock.signal.aborted).toBe(false);
    expect(recorder.ends('lock.release')[0]?.outcome).toBe('released');
  });

  it('that fails for good rejects, and the lock stays taken until its lease is over', async () => {
    const { locks, clock, storage, other } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    for (let n = 0; n < 3; n += 1) storage.failNext('release');
    const releasing = outcomeOf(lock.release());
    await clock.advance(300);
    expect(releasing.error).toMatchObject({
      code: 'LOCK_RELEASE_FAILED',
      key: 'a',
      suppressed: undefined,
      cause: { code: 'STORAGE_FAILED' },
    });
    expect(lock.state).toBe('released');
    expect(lock.release()).toBe(lock.release());
    await expect(lock.release()).rejects.toMatchObject({ code: 'LOCK_RELEASE_FAILED' });
    const next = outcomeOf(other().acquire('a'));
    await clock.advance(8699);
    expect(next.state).toBe('pending');
    await clock.advance(1);
    expect(next.value?.fencingToken).toBe(2);
  });

  it('leaves the lock to a try that came before its answer', async () => {
    const { locks, clock, storage } = makeWorld();
    const first = await locks.acquire('a');
    const release = storage.release.bind(storage);
    storage.release = async (...args) => {
      const result = await release(...args);
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 100));
      return result;
    };
    const releasing = first.release();
    const second = await locks.tryAcquire('a', { owner: 'ann' });
    expect(second?.fencingToken).toBe(2);
    await clock.advance(100);
    expect(await releasing).toBe(true);
    // It is known as the holder of this process: its owner enters again without a question.
    const asked = storage.calls('acquire');
    expect((await locks.tryAcquire('a', { owner: 'ann' }))?.fencingToken).toBe(2);
    expect(storage.calls('acquire')).toBe(asked);
    storage.release = release;
  });

  it('that fails for good lets the next one of this process ask at once', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    const next = outcomeOf(locks.acquire('a'));
    for (let n = 0; n < 3; n += 1) storage.failNext('release');
    lock.release().catch(() => undefined);
    await clock.advance(300);
    expect(storage.calls('acquire')).toBeGreaterThan(1);
    await clock.advance(8700);
    expect(next.state).toBe('resolved');
  });

  it('that hangs ends with the lease, to the millisecond', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    await clock.advance(1000);
    storage.freeze();
    const releasing = outcomeOf(lock.release());
    await clock.advance(7999);
    expect(releasing.state).toBe('pending');
    await clock.advance(1);
    expect(releasing.error).toMatchObject({ code: 'LOCK_RELEASE_FAILED' });
    expect((releasing.error as Error).message).toMatch('the storage gave no answer before the lease was over');
    storage.thaw();
    await settle(clock);
  });

  it('does not try again when the lease would be over by then', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000, watchdog: false });
    const lock = await locks.acquire('a');
    await clock.advance(8960);
    storage.failNext('release');
    const releasing = outcomeOf(lock.release());
    await settle(clock);
    expect(releasing.error).toMatchObject({ code: 'LOCK_RELEASE_FAILED' });
    expect(storage.calls('release')).toBe(1);
    await clock.advance(40);
  });
});
