import { MemoryStorage } from '@lockscope/storage';
import { lockContract } from '@lockscope/testkit';
import { describe, expect, it } from 'vitest';

import { createLocks } from '../src/index.ts';
import { PolledStorage } from './support/storages.ts';

// What everybody expects of a lock, on the clock of this process. Several processes need a storage that they can share:
// those cases run with the storages.
describe.each([
  ['that wakes waiters', MemoryStorage],
  ['that can only be asked', PolledStorage],
])('the contract of locks, with a storage %s', (_kind, Storage) => {
  const contract = lockContract({
    create: () => {
      const storage = new Storage();
      return { storage, locks: createLocks({ storage }) };
    },
    second: ({ storage }) => createLocks({ storage }),
  });

  it.each(contract.map(({ name, run }) => [name, run] as const))('%s', async (_name, run) => run(), 60_000);

  it('leaves out what several processes can do, and nothing else', () => {
    expect(contract.missing).toEqual(['processes', 'processes.leaseMs']);
  });
});
