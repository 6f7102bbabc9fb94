import { describe, expect, test } from 'vitest';
import { machineClock } from '../src/index.ts';
import { newPath, openPlain, openStorage } from './files.ts';
import { ManualClock } from './manual-clock.ts';
import { collect, request, taken } from '../../../../test/support/requests.ts';

const hour = 3_600_000;

describe('when somebody sets the wall clock', () => {
  for (const [direction, step] of [
    ['forward', hour],
    ['back', -hour],
  ] as const) {
    test(`an hour ${direction}, no lease ends early and none lasts longer`, async () => {
      const clock = new ManualClock();
      const storage = openStorage({ path: newPath(), clock });
      await taken(storage, 'k', 'holder', { leaseMs: 10_000 });
      await storage.acquire(request('k', 'w', { waitMs: 15_000 }));
      clock.stepWall(step);
      clock.advance(9_999);
      expect(await storage.acquire(request('k', 'new'))).toMatchObject({
        acquired: false,
        record: { leaseId: 'holder' },
      });
      clock.advance(1);
      expect((await storage.read('k')).record).toBeUndefined();
      clock.advance(4_999);
      expect(await storage.acquire(request('k', 'new'))).toMatchObject({ acquired: false, ahead: 1 });
      clock.advance(1);
      expect(await storage.acquire(request('k', 'new'))).toMatchObject({ acquired: true });
    });

    test(`an hour ${direction}, the times that are shown follow it`, async () => {
      const clock = new ManualClock();
      const storage = openStorage({ path: newPath(), clock });
      await taken(storage, 'k', 'holder');
      clock.stepWall(step);
      const { record, storageNow } = await storage.read('k');
      expect({ storageNow, ...record }).toMatchObject({
        storageNow: clock.now(),
        acquiredAt: clock.now(),
        expiresAt: clock.now() + 10_000,
      });
    });
  }

  test('by less than a second, what was shown of a record stays as it was', async () => {
    const clock = new ManualClock();
    const storage = openStorage({ path: newPath(), clock });
    const record = await taken(storage, 'k', 'holder');
    clock.stepWall(999);
    expect((await storage.read('k')).record).toEqual(record);
  });
});

describe('who sees the clock a little earlier than others', () => {
  test('finds a released lock free at once, and nobody can renew or release it again', async () => {
    const clock = new ManualClock();
    const path = newPath();
    const storage = openStorage({ path, clock });
    const behind = new ManualClock();
    behind.advance(-0.5);
    const other = openStorage({ path, clock: behind });
    await taken(storage, 'k', 'a');
    await storage.release('k', 'a');
    expect(await other.read('k')).toMatchObject({ record: undefined });
    expect(await other.renew('k', 'a', 1000)).toMatchObject({ renewed: false, record: undefined });
    expect(await other.release('k', 'a')).toMatchObject({ released: false, record: undefined });
    expect(await other.forceRelease('k')).toBeUndefined();
    expect(await collect(other.list())).toEqual([]);
    expect(await other.acquire(request('k', 'b'))).toMatchObject({ acquired: true });
  });
});

describe('when the machine has started anew', () => {
  test('what was held and who waited before is gone, and tokens jump over what may have been lost', async () => {
    const clock = new ManualClock();
    const path = newPath();
    const storage = openStorage({ path, clock });
    await taken(storage, 'k', 'a');
    await storage.release('k', 'a');
    await taken(storage, 'k', 'b', { leaseMs: 1e9 });
    await storage.acquire(request('k', 'w', { waitMs: 1e9 }));
    await storage.close();
    clock.reboot('boot-2', 500);
    const after = openStorage({ path, clock });
    expect(await after.read('k')).toMatchObject({ record: undefined, waiters: [] });
    const result = await after.acquire(request('k', 'c'));
    expect(result).toMatchObject({
      acquired: true,
      previous: { holder: { ownerId: 'owner of b' }, fencingToken: 2, expiredAt: clock.now() - 500 },
    });
    expect(result).toMatchObject({ record: { fencingToken: 2 + 2 ** 20 + 1 } });
    expect((await taken(after, 'unknown', 'd')).fencingToken).toBeGreaterThan(2 ** 20);
  });

  test('tokens rise although a power failure took the last possessions', async () => {
    const clock = new ManualClock();
    const path = newPath();
    const plain = openPlain(path);
    let last = 0;
    for (let run = 1; run <= 3; run += 1) {
      clock.reboot(`boot-${run}`, 1000);
      const storage = openStorage({ path, clock });
      for (let n = 0; n < 5; n += 1) {
        const { fencingToken } = await taken(storage, 'k', `${run}:${n}`);
        expect(fencingToken).toBeGreaterThan(last);
        last = fencingToken;
        await storage.release('k', `${run}:${n}`);
      }
      await storage.close();
      plain.exec('DELETE FROM lockscope_locks');
    }
  });

  test('a storage that opens later in the same run changes nothing', async () => {
    const clock = new ManualClock();
    const path = newPath();
    const storage = openStorage({ path, clock });
    const record = await taken(storage, 'k', 'a');
    const later = openStorage({ path, clock });
    expect((await later.read('k')).record).toEqual(record);
    await storage.release('k', 'a');
    expect(await taken(later, 'k', 'b')).toMatchObject({ fencingToken: 2 });
  });

  test('a process that still counts in the run before gets no lock, and is told why', async () => {
    const clock = new ManualClock();
    const path = newPath();
    const storage = openStorage({ path, clock });
    await taken(storage, 'k', 'a');
    const elsewhere = new ManualClock();
    elsewhere.reboot('another kernel', 7);
    await taken(openStorage({ path, clock: elsewhere }), 'other', 'b');
    await expect(storage.acquire(request('new', 'c'))).rejects.toMatchObject({ code: 'SQLITE_OTHER_MACHINE', path });
    await expect(storage.acquire(request('k', 'c'))).rejects.toMatchObject({ code: 'SQLITE_OTHER_MACHINE', path });
    expect(await storage.release('k', 'a')).toEqual({ released: true });
  });
});

describe('where the system does not name its runs', () => {
  test('a time that lies in the future is one of an earlier run', async () => {
    const clock = new ManualClock();
    const path = newPath();
    clock.reboot('', 900_000);
    const storage = openStorage({ path, clock });
    const { fencingToken } = await taken(storage, 'k', 'a', { leaseMs: 30_000 });
    await storage.acquire(request('k', 'w', { waitMs: 30_000 }));
    await storage.close();
    clock.reboot('', 1000);
    const after = openStorage({ path, clock });
    expect(await after.read('k')).toMatchObject({ record: undefined, waiters: [] });
    const result = await after.acquire(request('k', 'b'));
    expect(result).toMatchObject({ acquired: true, previous: { fencingToken, expiredAt: clock.now() - 1000 } });
    expect((result as { record: { fencingToken: number } }).record.fencingToken).toBeGreaterThan(
      fencingToken + 2 ** 20,
    );
  });

  test('a live lock of this run stays held, also for who sees the clock a little earlier', async () => {
    const clock = new ManualClock();
    const path = newPath();
    clock.reboot('', 900_000);
    await taken(openStorage({ path, clock }), 'k', 'a');
    const behind = new ManualClock();
    behind.reboot('', 899_999.5);
    expect(await openStorage({ path, clock: behind }).acquire(request('k', 'b'))).toMatchObject({
      acquired: false,
      record: { leaseId: 'a' },
    });
  });

  test('a lock of an earlier run that cannot be told apart ends with its lease', async () => {
    const clock = new ManualClock();
    const path = newPath();
    clock.reboot('', 1000);
    await taken(openStorage({ path, clock }), 'k', 'a', { leaseMs: 30_000 });
    clock.reboot('', 2000);
    const after = openStorage({ path, clock });
    expect(await after.acquire(request('k', 'b'))).toMatchObject({ acquired: false });
    clock.advance(29_000);
    expect(await after.acquire(request('k', 'b'))).toMatchObject({ acquired: true });
  });
});

test('the clock of the machine does not start with the process', () => {
  expect(machineClock.monotonic()).toBeGreaterThan(performance.now() + 1);
  expect(machineClock.bootId).toBe(machineClock.bootId);
});
