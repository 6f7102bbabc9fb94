import type { PeerName } from './all-peers.ts';
import type { RushResult } from './rush.ts';
import { median, total } from './statistics.ts';
import type { Processes } from './troop.ts';

export interface Rushes {
  readonly processes: Processes;
  readonly url: string;
  readonly peers: readonly PeerName[];
  /** All contenders with one connection, as in one service; else each with one of its own. */
  readonly shared: boolean;
  readonly contenders: readonly number[];
  readonly sectionsMs: readonly number[];
  readonly rounds: number;
}

export interface RushRow {
  readonly peer: PeerName;
  /** Medians over the rounds; `overlaps` is a sum. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly rounds: Readonly<Record<string, readonly number[]>>;
}

/** How much longer each contender may wait than all sections together take. */
export const slack = 1.5;

/** Many want one lock at once, each with a deadline that is enough if nobody wastes time. */
export async function rushes(options: Rushes): Promise<RushRow[]> {
  const { processes, url, peers, shared, contenders, sectionsMs, rounds } = options;
  const cases = contenders.flatMap((count) => sectionsMs.map((sectionMs) => ({ count, sectionMs })));
  const seen = new Map<string, RushResult[]>();
  const name = (peer: PeerName, index: number): string => `${peer}/${index}`;
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of round % 2 === 0 ? peers : peers.toReversed()) {
      for (const [index, { count, sectionMs }] of cases.entries()) {
        const troop = await processes.troop(1, { peer, url, workers: count, shared });
        const key = `rush/${shared}/${round}/${index}`;
        const results = await troop.all<RushResult>({ do: 'rush', key, sectionMs, slack });
        seen.set(name(peer, index), [...(seen.get(name(peer, index)) ?? []), ...results]);
        await troop.close();
      }
    }
  }
  return cases.flatMap(({ count, sectionMs }, index) =>
    peers.map((peer) => {
      const results = seen.get(name(peer, index)) ?? [];
      const failed = results.map(({ gaveUp, tooLate }) => gaveUp + tooLate);
      return {
        peer,
        numbers: {
          contenders: count,
          sectionMs,
          failed: median(failed),
          gaveUp: median(results.map(({ gaveUp }) => gaveUp)),
          efficiency: median(results.map(({ efficiency }) => efficiency)),
          inversions: median(results.map(({ inversions }) => inversions)),
          commands: median(results.map(({ commandsPerSuccess }) => commandsPerSuccess)),
          overlaps: total(results.map(({ overlaps }) => overlaps)),
        },
        rounds: { failed, efficiency: results.map(({ efficiency }) => efficiency) },
      };
    }),
  );
}
