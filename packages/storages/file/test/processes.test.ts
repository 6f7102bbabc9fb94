import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { AcquireResult } from '@lockscope/storage';
import { FileStorage } from '../src/index.ts';
import type { Child } from '../../../../test/support/child.ts';
import { startChild } from './children.ts';
import { newFolder } from './folders.ts';
import { request, taken } from '../../../../test/support/requests.ts';

// Processes start in some 0.2 s and share two processors with other test files.
const patience = 120_000;
const kills = 12;

interface Visit {
  readonly what: string;
  readonly token: number;
  readonly pid: number;
}

function visitsOf(ledger: string): Visit[] {
  const lines = readFileSync(ledger, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [what = '', token, pid] = line.split(' ');
    return { what, token: Number(token), pid: Number(pid) };
  });
}

describe('four processes on one lock, of which one after the other is killed at any moment', () => {
  test(
    'are never inside together, no token comes twice, and the folder is whole at the end',
    async () => {
      const path = newFolder();
      const ledger = join(newFolder(), 'ledger');
      writeFileSync(ledger, '');
      const start = async (): Promise<Child> => {
        const child = await startChild(path, ledger);
        await child.do('loop');
        return child;
      };
      const children = await Promise.all([start(), start(), start(), start()]);
      for (let count = 0; count < kills; count += 1) {
        // Some time in which they work, so that the next one dies at another point.
        await sleep(20 + Math.random() * 60);
        const victim = children.shift();
        await victim?.kill();
        children.push(await start());
      }
      await Promise.all(children.map((child) => child.kill()));

      const visits = visitsOf(ledger);
      const entries = visits.filter(({ what }) => what === 'enter');
      expect(entries.length).toBeGreaterThan(kills);
      const late = new Set(visits.flatMap(({ what, token }) => (what === 'late' ? token : [])));
      // All are killed in the end: nobody knows whether the last that each wrote was in time.
      const lastOf = new Map(visits.map((visit) => [visit.pid, visit]));
      const isLast = (visit: Visit): boolean => lastOf.get(visit.pid) === visit;
      let inside: Visit | undefined;
      let last = 0;
      for (const visit of visits) {
        if (late.has(visit.token)) continue;
        if (visit.what === 'leave') {
          if (!isLast(visit)) expect(visit.token).toBe(inside?.token);
          if (visit.token === inside?.token) inside = undefined;
        } else if (!isLast(visit) || visit.token > last) {
          // Who did not leave was killed inside.
          if (inside !== undefined) expect(isLast(inside)).toBe(true);
          expect(visit.token).toBeGreaterThan(last);
          last = visit.token;
          inside = visit;
        }
      }

      const storage = new FileStorage({ path });
      let record: unknown;
      for (const end = Date.now() + 10_000; Date.now() < end;) {
        ({ record } = await storage.read('k'));
        if (record === undefined) break;
        await sleep(20);
      }
      expect(record).toBeUndefined();
      expect((await taken(storage, 'k', 'after')).fencingToken).toBeGreaterThan(last);
      await storage.release('k', 'after');
      await storage.close();
      // What the dead left is removed by the next that looks.
      const next = new FileStorage({ path });
      await taken(next, 'k', 'last');
      await next.close();
      const [folder = ''] = readdirSync(join(path, 'locks'));
      expect(readdirSync(join(path, 'locks', folder))).toHaveLength(2);
    },
    patience,
  );
});

describe('a process', () => {
  test(
    'that stands still for longer than its lease finds the lock with somebody else, and can touch nothing',
    async () => {
      const path = newFolder();
      const storage = new FileStorage({ path });
      const child = await startChild(path);
      const mine = { key: 'a', leaseId: 'child', leaseMs: 300 };
      expect(await child.do('acquire', mine)).toMatchObject({ acquired: true });
      child.freeze();
      let answer: AcquireResult;
      do answer = await storage.acquire(request('a', 'next'));
      while (!answer.acquired);
      child.thaw();
      expect(await child.do('renew', mine)).toMatchObject({ renewed: false, record: { leaseId: 'next' } });
      expect(await child.do('release', mine)).toMatchObject({ released: false, record: { leaseId: 'next' } });
      expect((await storage.read('a')).record?.leaseId).toBe('next');
    },
    patience,
  );

  test(
    'is seen by others at once, with its process id',
    async () => {
      const path = newFolder();
      const child = await startChild(path);
      await child.do('acquire', { key: 'a', leaseId: 'child', leaseMs: 60_000 });
      expect((await new FileStorage({ path }).read('a')).record?.holder.pid).toBe(child.pid);
    },
    patience,
  );

  test(
    'of eight that make the folder at once gets its lock, and a shared one is one process’s',
    async () => {
      const path = newFolder();
      const children = await Promise.all(Array.from({ length: 8 }, () => startChild(path)));
      const own = children.map((child, n) =>
        child.do('acquire', { key: `own/${n}`, leaseId: `${n}`, leaseMs: 60_000 }),
      );
      for (const result of (await Promise.all(own)) as AcquireResult[]) expect(result.acquired).toBe(true);
      const shared = children.map((child, n) => child.do('acquire', { key: 'one', leaseId: `${n}`, leaseMs: 60_000 }));
      const results = (await Promise.all(shared)) as AcquireResult[];
      expect(results.filter(({ acquired }) => acquired)).toHaveLength(1);
    },
    patience,
  );
});
