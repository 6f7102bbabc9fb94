import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Campaign } from './support/campaign.ts';

/** What may happen next, as plain numbers, so that a failing run is printed and shrunk as such. */
const step = fc.oneof(
  fc.record({
    do: fc.constant('acquire' as const),
    who: fc.nat(2),
    key: fc.nat(1),
    waitMs: fc.integer({ min: 1, max: 20_000 }),
  }),
  fc.record({
    do: fc.constant('acquire as ann' as const),
    who: fc.nat(2),
    key: fc.nat(1),
    waitMs: fc.integer({ min: 1, max: 20_000 }),
  }),
  fc.record({ do: fc.constant('try' as const), who: fc.nat(2), key: fc.nat(1) }),
  fc.record({ do: fc.constant('release' as const), which: fc.nat(10) }),
  fc.record({ do: fc.constant('abort' as const), which: fc.nat(10) }),
  fc.record({
    do: fc.constant('pass' as const),
    ms: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 12_000 })),
  }),
  fc.record({ do: fc.constant('fail' as const), operation: fc.constantFrom('acquire', 'renew', 'release', 'leave') }),
  fc.record({
    do: fc.constant('lose reply' as const),
    operation: fc.constantFrom('acquire', 'renew', 'release', 'leave'),
  }),
  fc.record({ do: fc.constant('delay' as const), ms: fc.constantFrom(0, 1, 50, 3000, 10_000) }),
  fc.record({ do: fc.constant('freeze' as const) }),
  fc.record({ do: fc.constant('thaw' as const) }),
  fc.record({ do: fc.constant('force' as const), who: fc.nat(2), key: fc.nat(1) }),
  fc.record({ do: fc.constant('steal' as const), key: fc.nat(1) }),
  fc.record({ do: fc.constant('step the wall clock' as const), ms: fc.integer({ min: -3_600_000, max: 3_600_000 }) }),
);

/** How many runs; more of them by hand, with the seed that a failing run prints. */
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 150);

describe('whatever happens to three processes, two locks and their storage', () => {
  it.each(['wakes waiters', 'can only be asked', 'loses its notifications'] as const)(
    'nobody holds what another one holds, tokens rise, every acquire settles and nothing is left, when the storage %s',
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const campaign = new Campaign(kind);
          for (const one of steps) await campaign.play(one);
          await campaign.finish();
          expect(campaign.breaches).toEqual([]);
        }),
        { numRuns },
      );
    },
    600_000,
  );
});
