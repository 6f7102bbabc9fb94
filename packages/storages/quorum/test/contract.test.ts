import { MemoryStorage, monotoneClock } from '@lockscope/storage';
import { FakeClock, storageContract } from '@lockscope/testkit';
import { describe, expect, test } from 'vitest';
import { quorum } from '../src/index.ts';

const capabilities = {
  reach: 'process',
  durable: false,
  notifies: false,
  queues: false,
  shares: false,
  turns: false,
} as const;

// All go by one clock here, which is what a drift of 0 is for.
const contract = storageContract({
  capabilities,
  create: () => {
    const clock = new FakeClock();
    const nodes = [1, 2, 3].map(() => new MemoryStorage({ clock: monotoneClock(clock) }));
    return { clock, nodes, storage: quorum(nodes, { clock, driftFactor: 0 }) };
  },
  second: ({ clock, nodes }) => quorum(nodes, { clock, driftFactor: 0 }),
  advance: ({ clock }, ms) => clock.advance(ms),
  faults: { stepWallClock: ({ clock }, ms) => clock.stepWall(ms) },
});

describe('the storage contract, over three storages', () => {
  for (const { name, run } of contract) test(name, run);

  test('is asked for everything but what the storages below have their own contract for', () => {
    expect(contract.missing).toEqual([
      'reopen',
      'faults.damage',
      'faults.dropConnection',
      'faults.freeze',
      'faults.thaw',
      'faults.restart',
      'faults.slow',
    ]);
  });
});
