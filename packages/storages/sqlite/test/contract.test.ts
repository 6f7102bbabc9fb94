import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeClock, storageContract } from '@lockscope/testkit';
import { SqliteStorage } from '../src/index.ts';
import { newPath, openPlain } from './files.ts';

const capabilities = {
  reach: 'machine',
  durable: true,
  notifies: false,
  queues: true,
  shares: true,
  turns: true,
} as const;

const contract = storageContract({
  capabilities,
  create: () => {
    const path = newPath();
    const clock = new FakeClock();
    return { path, clock, storage: new SqliteStorage({ path, clock }) };
  },
  second: ({ path, clock }) => new SqliteStorage({ path, clock }),
  reopen: ({ path, clock }) => new SqliteStorage({ path, clock }),
  advance: ({ clock }, ms) => clock.advance(ms),
  faults: {
    stepWallClock: ({ clock }, ms) => clock.stepWall(ms),
    damage: ({ path }, key) => {
      const plain = openPlain(path);
      plain.exec('PRAGMA ignore_check_constraints = 1');
      plain.prepare("UPDATE lockscope_locks SET lease_id = '', holder = 'of somebody else' WHERE key = ?").run(key);
    },
  },
  dispose: ({ path }) => rmSync(dirname(path), { recursive: true, force: true }),
});

describe('the storage contract', () => {
  for (const { name, run } of contract) test(name, run);

  test('is asked for everything but what a file does not have: a server and connections', () => {
    expect(contract.missing).toEqual([
      'faults.dropConnection',
      'faults.freeze',
      'faults.thaw',
      'faults.restart',
      'faults.slow',
    ]);
  });
});
