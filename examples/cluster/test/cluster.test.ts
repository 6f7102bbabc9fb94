import { expect, test } from 'vitest';

import { runExample } from '../../../test/support/run-example.ts';

test('the acquires of all workers are one number, also when one was killed and when all have ended', async () => {
  const { code, stdout, stderr } = await runExample('cluster');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Metrics of all workers are on http:\/\/127\.0\.0\.1:\d+\/metrics$/m);
  expect(stdout).toMatch(/^Acquires of four workers: 100$/m);
  expect(stdout).toMatch(/^One was killed; they are still: 100$/m);
  expect(stdout).toMatch(/^All have ended; they are still: 100$/m);
});
