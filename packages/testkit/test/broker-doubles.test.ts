import { memoryBroker } from '@lockscope/delivery';
import { describe, expect, it } from 'vitest';

import { brokerContract, brokerDoubles } from '../src/index.ts';

describe('the broker contract believes nobody: it catches a broker that', () => {
  for (const { name, caughtBy, create } of brokerDoubles) {
    it.concurrent(`${name}, and nothing else about it`, { timeout: 60_000 }, async () => {
      const failed: string[] = [];
      const cases = brokerContract({ create, settleMs: 1000, quietMs: 30 });
      for (const each of cases) await each.run().catch(() => failed.push(each.name));
      expect(caughtBy).not.toEqual([]);
      expect(failed.toSorted()).toEqual(caughtBy.toSorted());
    });
  }

  it('and has no case that no broken broker fails', () => {
    const caught = new Set(brokerDoubles.flatMap(({ caughtBy }) => caughtBy));
    const contract = brokerContract({ create: () => ({ broker: memoryBroker() }) });
    expect(contract.missing).toEqual(['outage']);
    expect(contract.map(({ name }) => name).filter((name) => !caught.has(name))).toEqual([]);
  });

  it('refuses options that cannot be meant, all at once', () => {
    expect(() => brokerContract({ create: undefined as never, settleMs: 0, quietMs: Number.NaN })).toThrow(
      'create must be a function, got undefined; settleMs must be a number of at least 1, got 0; ' +
        'quietMs must be a number of at least 1, got NaN',
    );
  });
});
