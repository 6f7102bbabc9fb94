import { expect, test } from 'vitest';

import { runExample } from '../../../test/support/run-example.ts';

test('the quick start shows two workers taking turns, and who waited for whom', async () => {
  const { code, stdout, stderr } = await runExample('quick-start');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain('alice has orders/42, fencing token 1');
  expect(stdout).toContain('bob has orders/42, fencing token 2');
  expect(stdout).toContain('a try gives undefined');
  expect(stdout).toMatch(/blocked by alice|held by alice|alice \(quick start/);
});
