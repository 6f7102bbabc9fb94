import type { PeerName } from './all-peers.ts';
import { acquisitionsPerSecond, type ContestResult } from './contend.ts';
import { jain, median, quantile, total } from './statistics.ts';
import type { Processes } from './troop.ts';

/** How the workers are spread. */
export interface Shape {
  readonly processes: number;
  /** In each process. */
  readonly workers: number;
  readonly shared: boolean;
}

export interface Contests {
  readonly processes: Processes;
  readonly url: string;
  readonly shape: Shape;
  readonly peers: readonly PeerName[];
  /** To which the throughput is compared, in the same round; takes part twice when it is one of the peers. */
  readonly base: PeerName;
  readonly thinkMs: readonly number[];
  readonly rounds: number;
  readonly warmMs: number;
  readonly runMs: number;
}

export interface ContestRow {
  readonly peer: PeerName;
  readonly again: boolean;
  readonly thinkMs: number;
  /** Medians of the rounds; `gaveUp` and `overlaps` are sums. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly rounds: Readonly<Record<string, readonly number[]>>;
}

const sectionMs = 1;

/** Everybody wants one lock, again and again. */
export async function contests(options: Contests): Promise<ContestRow[]> {
  const { processes, url, shape, base, thinkMs, rounds, warmMs, runMs } = options;
  const again = options.peers.includes(base);
  const entries = (again ? [base, ...options.peers] : options.peers).map((peer, index) => ({
    peer,
    again: again && index === 0,
    seen: thinkMs.map(() => [] as ContestResult[][]),
  }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { peer, seen, again: second } of round % 2 === 0 ? entries : entries.toReversed()) {
      const { processes: count, ...opening } = shape;
      const troop = await processes.troop(count, { peer, url, ...opening });
      for (const [index, think] of thinkMs.entries()) {
        const key = `contest/${round}/${index}/${second}`;
        const contest = { do: 'contend', key, sectionMs, thinkMs: think, warmMs, runMs } as const;
        seen[index]?.push(await troop.all<ContestResult>(contest));
      }
      await troop.close();
    }
  }
  return thinkMs.flatMap((think, index) => {
    const bases = entries.find((entry) => entry.peer === base && !entry.again)?.seen[index]?.map(acquisitionsPerSecond);
    return entries.map(({ peer, again: second, seen }) => ({
      peer,
      again: second,
      thinkMs: think,
      ...summary(seen[index] ?? [], bases),
    }));
  });
}

/** @param rounds of each the answers of all processes */
function summary(
  rounds: readonly (readonly ContestResult[])[],
  bases: readonly number[] | undefined,
): Pick<ContestRow, 'numbers' | 'rounds'> {
  const each = rounds.map((results, round) => {
    const counts = results.flatMap((result) => result.counts);
    const waits = results.flatMap((result) => result.waits);
    const perSecond = acquisitionsPerSecond(results);
    return {
      perSecond,
      ofBase: perSecond / (bases?.[round] ?? NaN),
      jain: jain(counts),
      fewest: Math.min(...counts),
      most: Math.max(...counts),
      p50: quantile(waits, 0.5),
      p99: quantile(waits, 0.99),
      longestMs: Math.max(...results.map((result) => result.longestMs)),
      commands: total(results.map((result) => result.commands)) / total(counts),
      gaveUp: total(results.map((result) => result.gaveUp)),
      overlaps: total(results.map((result) => result.overlaps)),
    };
  });
  type Name = keyof (typeof each)[number];
  const values = (name: Name): number[] => each.map((one) => one[name]);
  const names = Object.keys(each[0] ?? {}) as Name[];
  const sums: readonly Name[] = ['gaveUp', 'overlaps'];
  const numbers = names.map((name) => [name, (sums.includes(name) ? total : median)(values(name))] as const);
  return {
    numbers: Object.fromEntries(numbers),
    rounds: { perSecond: values('perSecond'), ofBase: values('ofBase'), p99: values('p99') },
  };
}
