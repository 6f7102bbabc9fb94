import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { sourceProgram } from '../../../../test/support/source-program.ts';

const times = 1_000_000;

it('a million keys, names, operations, errors and pairs grow neither the series beyond the caps nor the memory', async () => {
  const program = await sourceProgram(new URL('programs/million.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, String(times)], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const { before, after, held } = JSON.parse(stdout) as Record<'before' | 'after', { heap: number; lines: number }> & {
    held: number;
  };
  expect(held).toBe(times + 50_000 + 30_000);
  expect(after.lines).toBe(before.lines);
  // 200 names, 50 operations, 1,000 pairs of each kind, 51 error types.
  expect(after.lines).toBeLessThan(25_000);
  expect(after.heap - before.heap).toBeLessThan(1_000_000);
}, 120_000);
