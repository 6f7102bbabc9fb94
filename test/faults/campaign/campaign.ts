import type { Verdict } from './check.ts';
import { type Fault, clientKills, otherFaults, serverKills } from './faults.ts';
import { type Random, seededRandom } from './random.ts';
import { type Backend, World } from './world.ts';

/** What a campaign did, and what came of it. */
export interface CampaignReport extends Verdict {
  readonly seed: number;
  readonly faults: number;
  /** How long after a fault was over every client had got a lock again; milliseconds. */
  readonly recovery: { readonly median: number; readonly longest: number };
}

/** How late an acquire may end on a machine that is busy with other tests. */
const slackMs = 1_000;

/** Faults that do without a server, in a campaign that is not a large one. */
const fewFaults = 3;

/**
 * One fault after the other, in an order that the seed decides, while three processes compete for the same locks. After
 * each, every process has to get a lock again. `rounds` is how often the server, or a client where there is none, is
 * killed in the middle of each operation; everything else happens a tenth as often, but at least once. Without
 * `rounds`: each kill once, and a few of the rest.
 */
export async function campaign(
  backend: Backend,
  { seed, rounds }: { readonly seed: number; readonly rounds?: number | undefined },
): Promise<CampaignReport> {
  const random = seededRandom(seed);
  const plan = planned(backend, random, rounds);
  const world = await World.start({ backend, random, clients: ['one', 'two', 'skewed'] });
  try {
    const recoveries: number[] = [];
    for (const fault of plan) {
      try {
        world.begins(fault.name);
        await fault.happen(world);
        recoveries.push(await world.recovered());
      } catch (error) {
        throw new Error(`after ${recoveries.length} faults, when ${fault.name} (seed ${seed})`, { cause: error });
      }
    }
    const verdict = await world.finish(slackMs);
    const sorted = recoveries.toSorted((a, b) => a - b);
    return {
      ...verdict,
      seed,
      faults: plan.length,
      recovery: { median: sorted[sorted.length >> 1] ?? 0, longest: sorted.at(-1) ?? 0 },
    };
  } finally {
    await world.end();
  }
}

function planned(backend: Backend, random: Random, rounds: number | undefined): Fault[] {
  const hasServer = backend.start !== undefined;
  const [kills, rest] = hasServer ? [serverKills, [...clientKills, ...otherFaults]] : [clientKills, otherFaults];
  const times = (faults: readonly Fault[], count: number): Fault[] =>
    faults
      .filter(({ needsServer }) => hasServer || !needsServer)
      .flatMap((fault) => Array.from({ length: count }, () => fault));
  const others = shuffled(times(rest, Math.ceil((rounds ?? 1) / 10)), random);
  return shuffled(
    [...times(kills, rounds ?? 1), ...(rounds === undefined ? others.slice(0, fewFaults) : others)],
    random,
  );
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(random.int(0, left.length - 1), 1));
}

/** A campaign in a line, for whoever reads the output of the tests. */
export function summary(backend: Backend, report: CampaignReport): string {
  const { seed, faults: count, possessions, ends, latestEndMs, recovery } = report;
  const all = Object.entries(ends)
    .toSorted(([, a], [, b]) => b - a)
    .map(([how, times]) => `${how} ${times}`)
    .join(', ');
  const late = `the latest acquire without a lock ended ${Math.round(latestEndMs)} ms after its deadline`;
  const back = `back after ${Math.round(recovery.median)} ms (median), ${Math.round(recovery.longest)} ms (longest)`;
  return `${backend.name}, seed ${seed}: ${count} faults, ${possessions} possessions (${all}); ${late}; ${back}`;
}
