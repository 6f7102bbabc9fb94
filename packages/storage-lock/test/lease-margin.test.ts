import { MemoryStorage } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import { createLocks, type LocksOptions } from '../src/index.ts';

const storage = new MemoryStorage();
const make = (options: Omit<LocksOptions, 'storage'>) => (): unknown => createLocks({ storage, ...options });

describe('what is left of a lease when it is renewed', () => {
  // The seven cases of the original's TestLeaseMarginCheck, in our words.
  it.each([
    { leaseMs: 3000, renewEveryMs: 1000 },
    { leaseMs: 300_000, renewEveryMs: 30_000 },
    { leaseMs: 6000, renewEveryMs: 4000 },
    { leaseMs: 3000, renewEveryMs: 2990, marginMs: 10 },
  ])('is enough with %o', (options) => {
    expect(make(options)).not.toThrow();
  });

  it.each([
    [{ leaseMs: 3000, renewEveryMs: 2990 }, 'leaves 10 ms', 'margin of 1000 ms'],
    [{ leaseMs: 9000, renewEveryMs: 8000 }, 'leaves 1000 ms', 'margin of 3000 ms'],
    [{ leaseMs: 3000, renewEveryMs: 3000, marginMs: 1 }, 'leaves 0 ms', 'margin of 1 ms'],
  ])('is too little with %o', (options, left, margin) => {
    expect(make(options)).toThrowError(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
    expect(make(options)).toThrow(left);
    expect(make(options)).toThrow(margin);
  });

  it('is too little when the lease is over before the renewal', () => {
    expect(make({ leaseMs: 1000, renewEveryMs: 5000, marginMs: 1 })).toThrow('leaves -4000 ms');
  });

  it('is two thirds of the lease by default, and at least a second', () => {
    expect(make({ leaseMs: 1499 })).not.toThrow();
    expect(make({ leaseMs: 1498 })).toThrow('margin of 1000 ms: make leaseMs longer');
    expect(make({ leaseMs: 300, marginMs: 100 })).not.toThrow();
  });
});
