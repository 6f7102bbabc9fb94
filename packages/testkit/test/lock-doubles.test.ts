import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { describe, expect, it } from 'vitest';

import { lockContract, lockDoubles } from '../src/index.ts';

describe('the lock contract believes nobody: it catches locks that', () => {
  for (const { name, caughtBy, wrap } of lockDoubles) {
    it(`${name}, and nothing else about them`, { timeout: 30_000 }, async () => {
      const contract = lockContract({
        create: () => ({ locks: wrap(createLocks({ storage: new MemoryStorage() })) }),
        contenders: 20,
        patienceMs: 2_000,
      });
      const failed: string[] = [];
      for (const each of contract) await each.run().catch(() => failed.push(each.name));
      expect(caughtBy).not.toEqual([]);
      expect(failed).toEqual(caughtBy);
    });
  }
});
