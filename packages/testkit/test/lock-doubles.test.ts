import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { describe, expect, it } from 'vitest';

import { lockContract, lockDoubles, type Contract, type LockDouble } from '../src/index.ts';

function contractFor(wrap: LockDouble['wrap']): Contract {
  return lockContract({
    create: () => {
      const storage = new MemoryStorage();
      return { storage, locks: wrap(createLocks({ storage })) };
    },
    second: ({ storage }) => wrap(createLocks({ storage })),
    contenders: 20,
    patienceMs: 2_000,
  });
}

describe('the lock contract believes nobody: it catches locks that', () => {
  for (const { name, caughtBy, wrap } of lockDoubles) {
    it(`${name}, and nothing else about them`, { timeout: 60_000 }, async () => {
      const failed: string[] = [];
      for (const each of contractFor(wrap)) await each.run().catch(() => failed.push(each.name));
      expect(caughtBy).not.toEqual([]);
      expect(failed).toEqual(caughtBy);
    });
  }

  it('and has no case that no broken locks fail', () => {
    const caught = new Set(lockDoubles.flatMap(({ caughtBy }) => caughtBy));
    expect(contractFor((locks) => locks).filter(({ name }) => !caught.has(name))).toEqual([]);
  });
});
