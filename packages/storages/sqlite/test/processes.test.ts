import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { AcquireResult } from '@lockscope/storage';
import { build } from './build.ts';
import { startChild, type DriverName } from './children.ts';
import { newPath, openPlain, openStorage } from './files.ts';
import { request, taken } from '../../../../test/support/requests.ts';

// Processes start in some 0.2 s and up to eight at once share two processors with other test files.
const patience = 60_000;

const drivers: readonly DriverName[] =
  process.getBuiltinModule?.('node:sqlite') === undefined ? ['libsql', 'libsql'] : ['libsql', 'node:sqlite'];

beforeAll(() => build(), patience);

async function contend(assigned: readonly (DriverName | undefined)[], rounds: number): Promise<void> {
  const path = newPath();
  const counter = newPath('counter');
  writeFileSync(counter, '0');
  const children = await Promise.all(assigned.map((driver) => startChild(path, driver)));
  const contenders = 100 / children.length;
  await Promise.all(children.map((child) => child.do('contend', { contenders, rounds, counter })));
  expect(Number(readFileSync(counter, 'utf8'))).toBe(100 * rounds);
  const tokens = readFileSync(`${counter}.tokens`, 'utf8').trim().split('\n').map(Number);
  expect(tokens).toEqual(Array.from({ length: 100 * rounds }, (_, n) => n + 1));
}

describe('100 contenders on one lock never lose a count of a counter that is not atomic, and tokens follow their order', () => {
  test('from 2 processes', () => contend([undefined, undefined], 2), patience);

  test('from 4 processes', () => contend([undefined, undefined, undefined, undefined], 2), patience);

  test('from 4 processes with every driver that this Node has', () => contend([...drivers, ...drivers], 2), patience);
});

test(
  'eight processes that make the tables of a new file at once all get them, and each its lock',
  async () => {
    const path = newPath();
    const children = await Promise.all(Array.from({ length: 8 }, () => startChild(path)));
    const answers = (await Promise.all(
      children.flatMap((child, n) => [child.do('acquire', { key: `own/${n}`, leaseId: `own:${n}`, leaseMs: 60_000 })]),
    )) as AcquireResult[];
    expect(answers.map((answer) => answer.acquired && answer.record.fencingToken)).toEqual(
      Array.from({ length: 8 }, () => 1),
    );
    const shared = (await Promise.all(
      children.map((child, n) => child.do('acquire', { key: 'shared', leaseId: `${n}`, leaseMs: 60_000 })),
    )) as AcquireResult[];
    expect(shared.filter(({ acquired }) => acquired)).toHaveLength(1);
    expect(
      openPlain(path).prepare('SELECT count(*) AS n, max(version) AS version FROM lockscope_meta').get(),
    ).toMatchObject({ n: 1, version: 3 });
  },
  patience,
);

describe('a process that is killed', () => {
  test(
    'while it holds a lock keeps it until its lease is over, and not longer; the next one is told',
    async () => {
      const path = newPath();
      const storage = openStorage({ path });
      const child = await startChild(path);
      const { record } = (await child.do('acquire', { key: 'k', leaseId: 'killed', leaseMs: 1500 })) as {
        record: { expiresAt: number; holder: object };
      };
      await child.kill();
      expect(await storage.acquire(request('k', 'next'))).toMatchObject({
        acquired: false,
        record: { leaseId: 'killed', holder: record.holder },
      });
      let answer: AcquireResult;
      do {
        await new Promise((resolve) => setTimeout(resolve, 10));
        answer = await storage.acquire(request('k', 'next'));
        if (!answer.acquired) expect(answer.storageNow).toBeLessThan(answer.record?.expiresAt ?? 0);
      } while (!answer.acquired);
      expect(answer.storageNow).toBeGreaterThanOrEqual(record.expiresAt - 5);
      expect(answer).toMatchObject({
        record: { fencingToken: 2 },
        previous: { fencingToken: 1, holder: record.holder, expiredAt: expect.any(Number) },
      });
    },
    patience,
  );

  test(
    'while it waits keeps its place until its waiting time is over, and not longer',
    async () => {
      const path = newPath();
      const storage = openStorage({ path });
      await taken(storage, 'k', 'holder');
      const child = await startChild(path);
      await child.do('wait', { key: 'k', leaseId: 'killed', leaseMs: 1500, waitMs: 700 });
      await child.kill();
      await storage.release('k', 'holder');
      const kept = await storage.acquire(request('k', 'next'));
      if (!kept.acquired) expect(kept).toMatchObject({ record: undefined, ahead: 1 });
      await expect
        .poll(async () => (await storage.acquire(request('k', 'next'))).acquired, { timeout: 10_000 })
        .toBe(true);
    },
    patience,
  );

  test(
    'inside a write leaves the file as it was before, and the next process waits for nothing',
    async () => {
      const path = newPath();
      const storage = openStorage({ path, busyTimeoutMs: 50 });
      const record = await taken(storage, 'k', 'holder', { leaseMs: 600_000 });
      const child = await startChild(path);
      await child.do('write', { key: 'k' });
      await expect(storage.renew('k', 'holder', 600_000)).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
        message: expect.stringContaining('locked'),
      });
      await child.kill();
      expect((await storage.read('k')).record).toEqual(record);
      expect(await storage.renew('k', 'holder', 600_000)).toMatchObject({ renewed: true });
      const reopened = openStorage({ path });
      expect((await reopened.read('k')).record).toMatchObject({ leaseId: 'holder', fencingToken: 1 });
      expect(await reopened.forceRelease('k')).toMatchObject({ leaseId: 'holder' });
      expect(await taken(reopened, 'k', 'next')).toMatchObject({ fencingToken: 2 });
    },
    patience,
  );

  test(
    'again and again, in the middle of everything, never makes a token come back',
    async () => {
      const path = newPath();
      const counter = newPath('counter');
      writeFileSync(counter, '0');
      let last = 0;
      for (let round = 0; round < 4; round += 1) {
        const child = await startChild(path);
        const contending = child.do('contend', { contenders: 10, rounds: 1000, counter });
        await expect
          .poll(() => Number(readFileSync(counter, 'utf8')), { timeout: 20_000, interval: 5 })
          .toBeGreaterThan((round + 1) * 20);
        await Promise.all([child.kill(), expect(contending).rejects.toThrow('the child ended')]);
        const storage = openStorage({ path });
        await storage.forceRelease('counter');
        for (const { leaseId } of (await storage.read('counter')).waiters) await storage.leave('counter', leaseId);
        const { fencingToken } = await taken(storage, 'counter', `parent:${round}`);
        const given = readFileSync(`${counter}.tokens`, 'utf8').trim().split('\n').map(Number);
        expect(given.toSorted((a, b) => a - b)).toEqual(given);
        expect(new Set(given).size).toBe(given.length);
        expect(fencingToken).toBeGreaterThan(Math.max(last, ...given));
        last = fencingToken;
        await storage.release('counter', `parent:${round}`);
        await storage.close();
      }
    },
    patience,
  );
});
