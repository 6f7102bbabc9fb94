import { describe, expect, it } from 'vitest';

import { sinkContract, sinkDoubles } from '../src/index.ts';
import { PlainSink, setupOfSink } from '../src/doubles/sink-doubles.ts';

const plain = sinkContract({ create: () => setupOfSink(new PlainSink()) });

describe('the smallest sink keeps the contract of sinks', () => {
  for (const { name, run } of plain) it(name, run);
});

describe('the contract of sinks believes nobody: it catches one that', () => {
  for (const { name, caughtBy, create } of sinkDoubles) {
    it(`${name}, and nothing else about it`, async () => {
      const failed: string[] = [];
      for (const each of sinkContract({ create, settleMs: 300 })) {
        await each.run().catch(() => failed.push(each.name));
      }
      expect(failed.toSorted()).toEqual(caughtBy.toSorted());
    });
  }

  it('and has no case that no broken one fails', () => {
    const caught = new Set(sinkDoubles.flatMap(({ caughtBy }) => caughtBy));
    expect(plain.filter(({ name }) => !caught.has(name)).map(({ name }) => name)).toEqual([]);
  });
});

describe('sinkContract', () => {
  it('refuses options that cannot be meant, all at once', () => {
    expect(() => sinkContract({ create: undefined as never, settleMs: 0 })).toThrow(
      'create must be a function, got undefined; settleMs must be a number of at least 1, got 0',
    );
  });

  it('leaves out what the setups have no verbs for, and says so', () => {
    const contract = sinkContract({ create: () => setupOfSink(new PlainSink()), refuses: false });
    expect(contract.missing).toEqual(['refuse']);
    expect(contract.filter(({ name }) => name.startsWith('refusing'))).toEqual([]);
  });
});
