import { describe, expect, it } from 'vitest';

import { campaign, summary } from './campaign/campaign.ts';
import { chosenRounds, chosenSeed, seededRandom } from './campaign/random.ts';
import { type Backend, World } from './campaign/world.ts';

const sqlite: Backend = { name: 'SQLite', storage: 'sqlite', durable: true };

const rounds = chosenRounds(1);
const limitMs = 60_000 + rounds * 60_000;

function promise(backend: Backend): void {
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

describe('locks in a file', () => promise(sqlite));

describe('the campaign', () => {
  it('is not content with locks that do not exclude other processes', async () => {
    const world = await World.start({ backend: sqlite, random: seededRandom(1), clients: ['one', 'two'], apart: true });
    try {
      const { problems } = await world.finish(1_000);
      expect(problems.join('\n')).toContain('began while');
      expect(problems.join('\n')).toContain('has a token that was given before');
    } finally {
      await world.end();
    }
  }, 60_000);
});
