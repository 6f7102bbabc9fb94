import { setTimeout as sleep } from 'node:timers/promises';

import type { Party } from './peer.ts';
import { total } from './statistics.ts';

/** Everybody wants the same lock again and again. */
export interface Contest {
  readonly key: string;
  /** The timer of the section; it takes a bit longer. */
  readonly sectionMs: number;
  /** The pause between a release and the next acquire: even from 0 to this. 0: none at all. */
  readonly thinkMs: number;
  /** Before counting begins, and while it is counted. */
  readonly warmMs: number;
  readonly runMs: number;
}

/** What the workers of one process saw while it was counted. */
export interface ContestResult {
  /** How often each worker got the lock. */
  readonly counts: readonly number[];
  /** From the question to the lock, in milliseconds. */
  readonly waits: readonly number[];
  /** The longest that a worker was without the lock that it wanted, whether it got it or not. */
  readonly longestMs: number;
  /** How often a lock gave up. The worker asks again. */
  readonly gaveUp: number;
  readonly commands: number;
  readonly tookMs: number;
  /** How often somebody came in while another worker of the process was inside. */
  readonly overlaps: number;
}

/** Every worker has its party, perhaps the same. */
export async function contend(
  parties: readonly Party<unknown>[],
  { key, sectionMs, thinkMs, warmMs, runMs }: Contest,
  commands: () => number,
): Promise<ContestResult> {
  const counts = parties.map(() => 0);
  const waits: number[] = [];
  /** Since when each worker is without it. */
  const wanting = new Map<number, number>();
  const seen = { longestMs: 0, gaveUp: 0, overlaps: 0 };
  const now: { state: 'warming' | 'counting' | 'over' } = { state: 'warming' };
  let inside = 0;

  const acquired = async (party: Party<unknown>): Promise<{ readonly held: unknown } | undefined> => {
    for (;;) {
      try {
        return { held: await party.acquire(key) };
      } catch {
        if (now.state === 'over') return undefined;
        if (now.state === 'counting') seen.gaveUp += 1;
      }
    }
  };

  const worker = async (party: Party<unknown>, index: number): Promise<void> => {
    while (now.state !== 'over') {
      const asked = performance.now();
      wanting.set(index, asked);
      const got = await acquired(party);
      if (got === undefined) return;
      wanting.delete(index);
      if (now.state === 'counting') {
        const waited = performance.now() - asked;
        counts[index] = (counts[index] ?? 0) + 1;
        waits.push(waited);
        seen.longestMs = Math.max(seen.longestMs, waited);
      }
      inside += 1;
      if (inside > 1) seen.overlaps += 1;
      await sleep(sectionMs);
      inside -= 1;
      await party.release(got.held);
      if (thinkMs > 0) await sleep(Math.random() * thinkMs);
    }
  };

  const running = Promise.all(parties.map(worker));
  await sleep(warmMs);
  const before = { commands: commands(), at: performance.now() };
  now.state = 'counting';
  await sleep(runMs);
  now.state = 'over';
  const ended = performance.now();
  const sent = commands() - before.commands;
  for (const since of wanting.values()) seen.longestMs = Math.max(seen.longestMs, ended - since);
  await running;
  return { ...seen, counts, waits, commands: sent, tookMs: ended - before.at };
}

export function acquisitionsPerSecond(results: readonly ContestResult[]): number {
  return total(results.map(({ counts, tookMs }) => (total(counts) * 1000) / tookMs));
}
