import { localDispatcher } from '@lockscope/delivery';
import { describe, expect, it } from 'vitest';

import { dispatcherContract, dispatcherDoubles } from '../src/index.ts';

const good = dispatcherContract({ create: (demands) => ({ dispatcher: localDispatcher(demands) }) });

describe('the dispatcher contract believes nobody: it catches one that', () => {
  for (const { name, caughtBy, create } of dispatcherDoubles) {
    it.concurrent(`${name}, and nothing else about it`, { timeout: 60_000 }, async () => {
      const failed: string[] = [];
      for (const each of dispatcherContract({ create, withinMs: 1_000, quietMs: 60 })) {
        await each.run().catch(() => failed.push(each.name));
      }
      expect(caughtBy).not.toEqual([]);
      expect(failed.toSorted()).toEqual(caughtBy.toSorted());
    });
  }

  it('and has no case that no broken dispatcher fails', () => {
    const caught = new Set(dispatcherDoubles.flatMap(({ caughtBy }) => caughtBy));
    expect(good.filter(({ name }) => !caught.has(name)).map(({ name }) => name)).toEqual([]);
  });
});

describe('dispatcherContract', () => {
  it('refuses options that cannot be meant, all at once', () => {
    expect(() => dispatcherContract({ create: undefined as never, withinMs: 0, quietMs: Number.NaN })).toThrow(
      'create must be a function, got undefined; withinMs must be a number of at least 1, got 0; ' +
        'quietMs must be a number of at least 1, got NaN',
    );
  });

  it('leaves out what a dispatcher cannot, and says so', () => {
    const { length, missing } = dispatcherContract({
      delays: false,
      create: () => ({ dispatcher: localDispatcher() }),
    });
    expect(missing).toEqual(['delays']);
    expect(length).toBeLessThan(good.length);
  });
});
