import { describe, expect, it } from 'vitest';

import { storageContract, storageDoubles } from '../src/index.ts';

import { everyVerb } from './every-verb.ts';

describe('the storage contract believes nobody: it catches a storage that', () => {
  for (const { name, caughtBy, wrap } of storageDoubles) {
    it.concurrent(`${name}, and nothing else about it`, async () => {
      const failed: string[] = [];
      for (const each of storageContract(everyVerb(wrap))) {
        await each.run().catch(() => failed.push(each.name));
      }
      expect(caughtBy).not.toEqual([]);
      expect(failed.toSorted()).toEqual(caughtBy.toSorted());
    }, 60_000);
  }

  it('and has no case that no broken storage fails', () => {
    const caught = new Set(storageDoubles.flatMap(({ caughtBy }) => caughtBy));
    expect(storageContract(everyVerb()).filter(({ name }) => !caught.has(name))).toEqual([]);
  });
});
