import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { sourceProgram } from '../../../../test/support/source-program.ts';

test('row 77: what waits keeps no process alive, and nothing that fails ends one', { timeout: 30_000 }, async () => {
  const program = await sourceProgram(new URL('programs/leaves.ts', import.meta.url));
  const env = { ...process.env, NODE_OPTIONS: '' };
  // It rejects for any exit code but 0, and when the process does not end.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { timeout: 20_000, env });
  expect([stdout, stderr]).toEqual(['', '']);
});
