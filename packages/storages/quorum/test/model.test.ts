import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { World, type Plan } from './world.ts';

/** Reproduces by the seed that fast-check prints. */
function planOf({ forgets, apart }: Pick<Plan, 'forgets' | 'apart'>): fc.Arbitrary<Plan> {
  return fc.record({
    nodes: fc.constantFrom(3, 3, 4, 5),
    clients: fc.integer({ min: 2, max: 4 }),
    steps: fc.integer({ min: 20, max: 120 }),
    seed: fc.integer(),
    lost: fc.constantFrom(0, 0.02, 0.1, 0.25),
    slow: fc.constantFrom(5, 40, 150),
    spareTokens: fc.constantFrom(0, 0, 7),
    forgets: fc.constant(forgets),
    apart: fc.constant(apart),
  });
}

// Eighty worlds take some two seconds; the rest is for a machine that is busy.
const patience = 60_000;

async function possessionsOf(plan: Plan): Promise<number> {
  const world = new World(plan);
  await world.run();
  expect(world.problems).toEqual([]);
  return world.possessions;
}

describe('over storages that lose questions and answers, are slow, and whose clocks run apart', () => {
  test(
    'there are never two holders at once, and tokens only rise',
    async () => {
      let possessions = 0;
      await fc.assert(
        fc.asyncProperty(planOf({ forgets: false, apart: true }), async (plan) => {
          possessions += await possessionsOf(plan);
        }),
        { numRuns: 80 },
      );
      expect(possessions).toBeGreaterThan(500);
    },
    patience,
  );

  test(
    'nor are there two holders when storages come back empty, a lease after they went',
    async () => {
      await fc.assert(
        fc.asyncProperty(planOf({ forgets: true, apart: true }), async (plan) => {
          await possessionsOf(plan);
        }),
        { numRuns: 80 },
      );
    },
    patience,
  );
});

describe('over storages that forget, with clocks that agree', () => {
  test(
    'there are never two holders at once, and tokens only rise',
    async () => {
      await fc.assert(
        fc.asyncProperty(planOf({ forgets: true, apart: false }), async (plan) => {
          await possessionsOf(plan);
        }),
        { numRuns: 80 },
      );
    },
    patience,
  );
});
