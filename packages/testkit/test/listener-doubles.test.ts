import { describe, expect, it } from 'vitest';

import { listenerContract, listenerDoubles } from '../src/index.ts';

describe('the listener contract believes nobody: it catches a listener that', () => {
  for (const { name, caughtBy, create } of listenerDoubles) {
    it(`${name}, and nothing else about it`, { timeout: 60_000 }, async () => {
      const failed: string[] = [];
      for (const each of listenerContract({ create, settleMs: 100, mayKeep: 100, events: 2_000 })) {
        await each.run().catch(() => failed.push(each.name));
      }
      expect(caughtBy).not.toEqual([]);
      expect(failed.toSorted()).toEqual(caughtBy.toSorted());
    });
  }

  it('and has no case that no broken listener fails', () => {
    const caught = new Set(listenerDoubles.flatMap(({ caughtBy }) => caughtBy));
    const contract = listenerContract({ create: () => ({ listener: { name: 'any' } }) });
    expect(contract.filter(({ name }) => !caught.has(name))).toEqual([]);
  });
});
