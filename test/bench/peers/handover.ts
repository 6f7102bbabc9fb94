import { setTimeout as sleep } from 'node:timers/promises';

import type { PeerName } from './all-peers.ts';
import { median, quantile } from './statistics.ts';
import type { Processes, Troop } from './troop.ts';
import type { Moment } from './worker.ts';

/** Who hands over, and how often. */
export interface Handovers {
  readonly processes: Processes;
  readonly url: string;
  /** The first one is the base, and takes part twice. */
  readonly peers: readonly PeerName[];
  readonly rounds: number;
  readonly samples: number;
}

export interface HandoverRow {
  readonly peer: PeerName;
  readonly again: boolean;
  readonly numbers: Readonly<Record<string, number>>;
  readonly rounds: { readonly p50: readonly number[] };
}

/** The shortest time that a waiter waits before it is handed the lock, and how much more it may be. */
const settleMs = 30;
const spreadMs = 200;

/** How long a lock is under way between two processes: from the call of release in one to the lock in the other. */
export async function handovers({ processes, url, peers, rounds, samples }: Handovers): Promise<HandoverRow[]> {
  const [base] = peers;
  if (base === undefined) return [];
  const entries = await Promise.all(
    [base, ...peers].map(async (peer, index) => ({
      peer,
      again: index === 0,
      key: `hand-over/${index}`,
      troop: await processes.troop(2, { peer, url, workers: 1, shared: false }),
      times: [] as number[][],
    })),
  );
  for (let round = 0; round < rounds; round += 1) {
    for (const entry of round % 2 === 0 ? entries : entries.toReversed())
      entry.times.push(await backAndForth(entry.troop, entry.key, samples));
  }
  for (const { troop } of entries) await troop.close();
  const bases = entries[1]?.times.map(median) ?? [];
  return entries.map(({ peer, again, times }) => {
    const all = times.flat();
    const p50 = times.map(median);
    const ofBase = median(p50.map((value, round) => value / (bases[round] ?? NaN)));
    const numbers = { ofBase, p50: quantile(all, 0.5), p90: quantile(all, 0.9), p99: quantile(all, 0.99) };
    return { peer, again, numbers, rounds: { p50 } };
  });
}

async function backAndForth(troop: Troop, key: string, samples: number): Promise<number[]> {
  const times: number[] = [];
  await troop.one(0, { do: 'acquire', key });
  let holder = 0;
  for (let sample = 0; sample < samples; sample += 1) {
    const waiter = 1 - holder;
    const acquired = troop.one<Moment>(waiter, { do: 'acquire', key });
    // Long enough to be in line, and at any moment of the pause of one that polls.
    await sleep(settleMs + Math.random() * spreadMs);
    // The holder answers its release before it is asked to acquire again.
    const [released, got] = await Promise.all([troop.one<Moment>(holder, { do: 'release' }), acquired]);
    times.push(got.at - released.at);
    holder = waiter;
  }
  await troop.one(holder, { do: 'release' });
  return times;
}
