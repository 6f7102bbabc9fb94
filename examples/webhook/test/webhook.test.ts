import { expect, test } from 'vitest';

import { runExample } from '../../../test/support/run-example.ts';

test('row 72: the webhook example loses no event to an endpoint that fails, hangs and resets, and keeps the order', async () => {
  const { code, stdout, stderr } = await runExample('webhook');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^[1-9]\d* of \d+ requests failed$/m);
  expect(stdout).toContain('the webhook has 20 possessions: orders/1, orders/2, orders/3, ... orders/20');
  expect(stdout).toMatch(/^the file has [1-9]\d+ events/m);
  expect(stdout).toContain('0 undelivered, 0 dropped');
}, 60_000);
