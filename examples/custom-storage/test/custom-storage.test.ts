import { expect, test } from 'vitest';

import { runExample } from '../../../test/support/run-example.ts';

test('fifty lines over a service with conditional writes keep every promise of the storage contract', async () => {
  const { code, stdout, stderr } = await runExample('custom-storage');
  expect(stderr).toBe('');
  expect(stdout).toContain('locked through the service, token 1');
  expect(stdout).not.toContain('BROKEN');
  expect(stdout).toMatch(/^(\d+) of \1 promises kept/m);
  expect(code).toBe(0);
}, 60_000);
