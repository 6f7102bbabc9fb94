import { expect, it } from 'vitest';

import { campaign, summary } from './campaign.ts';
import { chosenRounds, chosenSeed } from './random.ts';
import type { Backend } from './world.ts';

const rounds = chosenRounds();
// Three times what it takes on a machine that has time: others may be at work on it.
const limitMs = 120_000 + (rounds ?? 0) * 60_000;

/** The test that a campaign on one storage is. */
export function promise(backend: Backend): void {
  it(
    `${backend.name}: one holder at a time, rising tokens and an end to every acquire, whatever fails`,
    async () => {
      const report = await campaign(backend, { seed: chosenSeed(), rounds });
      console.log(summary(backend, report));
      expect(report.problems).toEqual([]);
      expect(report.possessions).toBeGreaterThan(report.faults);
    },
    limitMs,
  );
}
