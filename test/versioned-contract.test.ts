import { describe, expect, test } from 'vitest';
import { liftVersioned, type LockStorage } from '@lockscope/storage';
import { FakeClock, storageContract } from '@lockscope/testkit';
import { MapVersionedStore, type Medium } from '../packages/storage/test/map-versioned-store.ts';

interface Setup {
  readonly medium: Medium;
  readonly clock: FakeClock;
  readonly storage: LockStorage;
}

const start = Date.UTC(2026, 0, 1);

function open({ medium, clock }: Pick<Setup, 'medium' | 'clock'>): LockStorage {
  return liftVersioned(new MapVersionedStore(medium, () => start + clock.monotonic()));
}

const contract = storageContract<Setup>({
  capabilities: { reach: 'machine', durable: true, notifies: false, queues: false, shares: false, turns: false },
  create: () => {
    const made = { medium: new Map(), clock: new FakeClock() };
    return { ...made, storage: open(made) };
  },
  second: open,
  reopen: open,
  advance: ({ clock }, ms) => clock.advance(ms),
  faults: {
    stepWallClock: ({ clock }, ms) => clock.stepWall(ms),
    damage: ({ medium }, key) => {
      medium.set(key, { version: (medium.get(key)?.version ?? 0) + 1, text: '{"owner":"somebody else"}' });
    },
  },
});

describe('a versioned store that was lifted signs the whole storage contract', () => {
  for (const { name, run } of contract) test(name, run);

  test('but for what needs a server and connections', () => {
    expect(contract.missing).toEqual([
      'faults.dropConnection',
      'faults.freeze',
      'faults.thaw',
      'faults.restart',
      'faults.slow',
    ]);
  });
});
