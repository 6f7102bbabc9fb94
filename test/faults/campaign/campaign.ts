import type { Verdict } from './check.ts';
import { type Fault, faults } from './faults.ts';
import { seededRandom } from './random.ts';
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

/**
 * Each fault `rounds` times, in an order that the seed decides, while three processes compete for the same locks. After
 * each, every process has to get a lock again.
 */
export async function campaign(
  backend: Backend,
  { seed, rounds, only = faults }: { readonly seed: number; readonly rounds: number; readonly only?: readonly Fault[] },
): Promise<CampaignReport> {
  const random = seededRandom(seed);
  const world = await World.start({ backend, random, clients: ['one', 'two', 'skewed'] });
  try {
    const recoveries: number[] = [];
    const left = only
      .filter(({ needsServer }) => !needsServer || backend.start !== undefined)
      .flatMap((fault) => Array.from({ length: rounds }, () => fault));
    const count = left.length;
    while (left.length > 0) {
      const [fault] = left.splice(random.int(0, left.length - 1), 1) as [Fault];
      try {
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
      faults: count,
      recovery: { median: sorted[sorted.length >> 1] ?? 0, longest: sorted.at(-1) ?? 0 },
    };
  } finally {
    await world.end();
  }
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
