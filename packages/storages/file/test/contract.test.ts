import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FakeClock, storageContract } from '@lockscope/testkit';
import { describe, expect, test } from 'vitest';
import { FileStorage } from '../src/index.ts';
import { makeFolder, removeFolder } from './folders.ts';
import { onMachine } from './machine.ts';

// A disk that others use as well takes its time for the thousand files of some cases.
const patience = 60_000;

const local = { reach: 'machine', durable: true, notifies: false, queues: false, shares: false, turns: false } as const;
const network = { ...local, reach: 'network' } as const;

/** Somebody writes into the file of a key. */
function damage(path: string, key: string): void {
  for (const folder of readdirSync(join(path, 'locks'))) {
    if (!folder.startsWith(`${key}~`)) continue;
    for (const file of readdirSync(join(path, 'locks', folder))) {
      if (file.endsWith('.json')) writeFileSync(join(path, 'locks', folder, file), 'of somebody else');
    }
  }
}

const contract = storageContract({
  capabilities: local,
  create: () => {
    const path = makeFolder();
    const time = new FakeClock();
    const clock = onMachine(time);
    return { path, time, clock, storage: new FileStorage({ path, clock }) };
  },
  second: ({ path, clock }) => new FileStorage({ path, clock }),
  reopen: ({ path, clock }) => new FileStorage({ path, clock }),
  advance: ({ time }, ms) => time.advance(ms),
  rounds: 100,
  faults: {
    stepWallClock: ({ time }, ms) => time.stepWall(ms),
    damage: ({ path }, key) => damage(path, key),
  },
  dispose: ({ path }) => removeFolder(path),
});

describe('the storage contract, on one machine', () => {
  for (const { name, run } of contract) test(name, run, patience);

  test('is asked for everything but what a folder does not have: a server and connections', () => {
    expect(contract.missing).toEqual([
      'faults.dropConnection',
      'faults.freeze',
      'faults.thaw',
      'faults.restart',
      'faults.slow',
    ]);
  });
});

const shared = storageContract({
  capabilities: network,
  create: () => {
    const path = makeFolder();
    return { path, storage: new FileStorage({ path, shared: true, clockToleranceMs: 20 }) };
  },
  second: ({ path }) => new FileStorage({ path, shared: true, clockToleranceMs: 20 }),
  reopen: ({ path }) => new FileStorage({ path, shared: true, clockToleranceMs: 20 }),
  rounds: 20,
  faults: { damage: ({ path }, key) => damage(path, key) },
  dispose: ({ path }) => removeFolder(path),
});

describe('the storage contract, by the clock of the file system', () => {
  for (const { name, run } of shared) test(name, run, patience);
});
