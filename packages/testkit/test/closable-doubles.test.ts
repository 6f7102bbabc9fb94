import { describe, expect, it } from 'vitest';

import { closableContract, closableDoubles } from '../src/index.ts';
import { PlainQueue, setupOf } from '../src/doubles/plain-queue.ts';

const plain = closableContract({ create: () => setupOf((deliver) => new PlainQueue(deliver)) });

describe('the smallest queue keeps the contract of what can be closed', () => {
  for (const { name, run } of plain) it(name, run);
});

describe('the contract of what can be closed believes nobody: it catches one that', () => {
  for (const { name, caughtBy, create } of closableDoubles) {
    it(`${name}, and nothing else about it`, { timeout: 60_000 }, async () => {
      const failed: string[] = [];
      for (const each of closableContract({ create, settleMs: 300 })) {
        await each.run().catch(() => failed.push(each.name));
      }
      expect(failed.toSorted()).toEqual(caughtBy.toSorted());
    });
  }

  it('and has no case that no broken one fails', () => {
    const caught = new Set(closableDoubles.flatMap(({ caughtBy }) => caughtBy));
    expect(plain.filter(({ name }) => !caught.has(name)).map(({ name }) => name)).toEqual([]);
  });
});

describe('closableContract', () => {
  it('refuses options that cannot be meant, all at once', () => {
    expect(() => closableContract({ create: undefined as never, concurrency: 0, settleMs: Number.NaN })).toThrow(
      'create must be a function, got undefined; concurrency must be a number of at least 1, got 0; ' +
        'settleMs must be a number of at least 1, got NaN',
    );
  });

  it('leaves out what the setups have no verbs for, and says so', () => {
    const contract = closableContract({
      create: () => setupOf((deliver) => new PlainQueue(deliver)),
      without: ['inside', 'putAny'],
    });
    expect(contract.missing).toEqual(['inside', 'putAny']);
    expect(contract.filter(({ name }) => name.startsWith('inside'))).toEqual([]);
  });
});
