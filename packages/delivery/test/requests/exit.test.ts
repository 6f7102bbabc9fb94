import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { sourceProgram } from '../../../../test/support/source-program.ts';

/** What a process says until it ends by itself; it has a minute, far more than it needs. */
async function said(...args: string[]): Promise<string> {
  const program = await sourceProgram(new URL('programs/stuck.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { timeout: 60_000 });
  return stdout.trim();
}

it('row 88: a driver, a bus and commands that are stuck keep no process alive', async () => {
  expect(await said()).toBe('');
}, 60_000);

it('row 88: who closes them with a deadline gets the count, though nothing else keeps the process alive', async () => {
  expect(await said('close')).toBe('1\n1\n1');
}, 60_000);
