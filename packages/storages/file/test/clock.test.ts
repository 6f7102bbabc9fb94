import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { machineClock } from '../src/index.ts';
import { FakeClock } from '@lockscope/testkit';
import { describe, expect, test } from 'vitest';
import { FileStorage, type MachineClock } from '../src/index.ts';
import { newFolder } from './folders.ts';
import { onMachine } from './machine.ts';
import { request, taken } from '../../../../test/support/requests.ts';

describe('after a new start of the machine', () => {
  test('nobody has what was held before, and tokens are far beyond those that power may have taken along', async () => {
    const path = newFolder();
    const before = await taken(new FileStorage({ path, clock: onMachine(new FakeClock(), 'aaaa') }), 'a', 'x', {
      spareTokens: 5,
    });
    const storage = new FileStorage({ path, clock: onMachine(new FakeClock(), 'bbbb') });
    expect((await storage.read('a')).record).toBeUndefined();
    const result = await storage.acquire(request('a', 'y'));
    expect(result).toMatchObject({ acquired: true, previous: { fencingToken: before.fencingToken } });
    expect(result.acquired && result.record.fencingToken).toBe(before.fencingToken + 5 + 2 ** 20 + 1);
  });

  test('a record whose text power took along is free, and its tokens rise all the same', async () => {
    const path = newFolder();
    const before = await taken(new FileStorage({ path, clock: onMachine(new FakeClock(), 'aaaa') }), 'a', 'x');
    const [folder = ''] = readdirSync(join(path, 'locks'));
    const [text = ''] = readdirSync(join(path, 'locks', folder)).filter((name) => name.endsWith('.json'));
    truncateSync(join(path, 'locks', folder, text));
    const storage = new FileStorage({ path, clock: onMachine(new FakeClock(), 'bbbb') });
    expect((await taken(storage, 'a', 'y')).fencingToken).toBeGreaterThan(before.fencingToken + 2 ** 20);
  });

  test('a time that has not come yet is one of an earlier run, where runs have no names', async () => {
    const path = newFolder();
    const long = new FakeClock();
    await long.advance(1_000_000);
    await taken(new FileStorage({ path, clock: onMachine(long, '') }), 'a', 'x');
    const storage = new FileStorage({ path, clock: onMachine(new FakeClock(), '') });
    expect((await storage.read('a')).record).toBeUndefined();
  });
});

/** The clock of another machine: other wall time, started at another time. */
function elsewhere(wallMs: number, startMs: number): MachineClock {
  return {
    ...machineClock,
    bootId: `${wallMs}${startMs}`,
    now: () => machineClock.now() + wallMs,
    monotonic: () => machineClock.monotonic() + startMs,
  };
}

describe('machines that share a disk', () => {
  test('go by the time of the disk, however wrong their own clocks are', async () => {
    const path = newFolder();
    const options = { path, shared: true, clockToleranceMs: 50 };
    const early = new FileStorage({ ...options, clock: elsewhere(-86_400_000, 5_000_000) });
    const late = new FileStorage({ ...options, clock: elsewhere(86_400_000, -3_000_000) });
    const record = await taken(early, 'a', 'x', { leaseMs: 400 });
    expect(Math.abs(record.acquiredAt - Date.now())).toBeLessThan(2000);
    const refused = await late.acquire(request('a', 'y'));
    expect(refused).toMatchObject({ acquired: false, record: { leaseId: 'x', expiresAt: record.expiresAt } });
    let answer = refused;
    // A lease and its tolerance are over within half a second; the rest is for a machine that is busy.
    for (const end = performance.now() + 10_000; !answer.acquired && performance.now() < end;) {
      answer = await late.acquire(request('a', 'y'));
    }
    expect(answer).toMatchObject({ acquired: true, previous: { expiredAt: record.expiresAt } });
    expect(answer.storageNow).toBeGreaterThanOrEqual(record.expiresAt + 50);
    expect(await early.renew('a', 'x', 1000)).toMatchObject({ renewed: false, record: { leaseId: 'y' } });
  });

  test('leave nothing behind of their looks at the time', async () => {
    const path = newFolder();
    const storage = new FileStorage({ path, shared: true });
    await taken(storage, 'a', 'x');
    await storage.close();
    expect(readdirSync(join(path, 'new'))).toEqual([]);
  });
});
