import { pathToFileURL } from 'node:url';
import { lockContract } from '@lockscope/testkit';
import { describe, expect, test } from 'vitest';
import { sourceProgram } from '../../../../test/support/source-program.ts';
import { makeFolder, removeFolder } from './folders.ts';
import { makeLocks } from './make-locks.ts';

const program = await sourceProgram(new URL('make-locks.ts', import.meta.url));

const contract = lockContract({
  create: () => {
    const path = makeFolder();
    return { path, locks: makeLocks(path) };
  },
  second: ({ path }) => makeLocks(path),
  processes: { module: pathToFileURL(program), data: ({ path }) => path, leaseMs: 2000 },
  patienceMs: 30_000,
  dispose: ({ path }) => removeFolder(path),
});

describe('locks in a folder', () => {
  for (const { name, run } of contract) test(name, run, 60_000);

  test('are asked for everything that locks can do', () => {
    expect(contract.missing).toEqual([]);
  });
});
