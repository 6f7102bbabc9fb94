import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { judgements } from './bars.ts';
import { contend } from './contend.ts';
import type { Party } from './peer.ts';
import type { Results } from './results.ts';
import { rush } from './rush.ts';
import { jain } from './statistics.ts';

const noCommands = (): number => 0;
const contest = { key: 'k', sectionMs: 1, thinkMs: 0, warmMs: 5, runMs: 60 };

/** A lock of this process that serves those who wait as `next` says; `slowMs` goes by at each hand-over. */
function lock(next: (line: (() => void)[]) => (() => void) | undefined, slowMs = 0): Party<undefined> {
  const line: (() => void)[] = [];
  let taken = false;
  return {
    async acquire() {
      if (taken) await new Promise<void>((resolve) => line.push(resolve));
      taken = true;
      return undefined;
    },
    async release() {
      if (slowMs > 0) await sleep(slowMs);
      const turn = next(line);
      if (turn === undefined) taken = false;
      else turn();
    },
    close: () => Promise.resolve(),
  };
}

const fifo = (): Party<undefined> => lock((line) => line.shift());
const lifo = (): Party<undefined> => lock((line) => line.pop());
const none: Party<undefined> = {
  acquire: () => Promise.resolve(undefined),
  release: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

function many<T>(count: number, one: T): T[] {
  return Array.from({ length: count }, () => one);
}

describe('a contest', () => {
  it('sees that a lock lets two in at once', async () => {
    expect((await contend(many(3, none), contest, noCommands)).overlaps).toBeGreaterThan(0);
    expect((await contend(many(3, fifo()), contest, noCommands)).overlaps).toBe(0);
  });

  it('shows a lock that is not fair, however fast it is', async () => {
    const fair = await contend(many(4, fifo()), contest, noCommands);
    const unfair = await contend(many(4, lifo()), contest, noCommands);
    expect(jain(fair.counts)).toBeGreaterThan(0.9);
    expect(jain(unfair.counts)).toBeLessThan(0.7);
    // Who is never served has no wait that ended, and still counts.
    expect(unfair.longestMs).toBeGreaterThan(contest.runMs / 2);
  });
});

describe('a rush', () => {
  const calm = { key: 'k', sectionMs: 2, slack: 10 };

  it('counts who was served before somebody that came first', async () => {
    const apart = { ...calm, sectionMs: 40 };
    const inOrder = await rush(many(6, fifo()), apart, noCommands);
    const backwards = await rush(many(6, lifo()), apart, noCommands);
    expect(inOrder).toMatchObject({ served: 6, inversions: 0, gaveUp: 0, tooLate: 0 });
    expect(backwards.inversions).toBeGreaterThan(2);
  });

  it('counts who was served too late', async () => {
    const slow = await rush(
      many(
        6,
        lock((line) => line.shift(), 20),
      ),
      { ...calm, slack: 1.5 },
      noCommands,
    );
    expect(slow.tooLate).toBeGreaterThan(0);
    expect(slow.served + slow.tooLate).toBe(6);
    expect(slow.efficiency).toBeLessThan(0.5);
  });

  it('counts on whom the lock gave up', async () => {
    const refusing = { ...none, acquire: () => Promise.reject(new Error('no')) };
    expect(await rush(many(3, refusing), calm, noCommands)).toMatchObject({ gaveUp: 3, served: 0 });
  });
});

describe('the verdict', () => {
  const results = (ofBase: number, noise: number): Results => ({
    node: '20.20.2',
    cpus: 2,
    versions: {},
    measurements: [
      {
        id: 'redis-handover',
        date: '2026-01-01T00:00:00.000Z',
        load: 0,
        kind: 'handover',
        title: '',
        how: '',
        noise,
        rows: [{ peer: 'lockscope', name: 'Lockscope', numbers: { ofBase } }],
      },
    ],
  });
  const verdict = (ofBase: number, noise: number): string | undefined => judgements(results(ofBase, noise))[0];

  it('says met or missed when the base stood still', () => {
    expect(verdict(1.4, 0.01)).toMatch(/^met {4}Redis, hand-over/);
    expect(verdict(1.6, 0.01)).toMatch(/^MISSED Redis, hand-over/);
  });

  it('does not judge what noise can hide', () => {
    expect(verdict(1.6, 0.2)).toMatch(/^UNSURE/);
    expect(verdict(3, 0.2)).toMatch(/^MISSED/);
  });
});
