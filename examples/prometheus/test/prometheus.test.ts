import { expect, test } from 'vitest';

import { runExample } from '../../../test/support/run-example.ts';

test('the page has the acquires, the waiting by cause and losses at 0, and no key', async () => {
  const { code, stdout, stderr } = await runExample('prometheus');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const counts = [...stdout.matchAll(/^lock_acquire_duration_seconds_count\{.*lock_outcome="acquired".*\} (\d+)$/gm)];
  expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(20);
  expect(stdout).toMatch(
    /^lock_blocked_time_seconds_total\{.*lock_blocker_operation="(checkout|refund)".*\} \d+\.\d+/m,
  );
  expect(stdout).toMatch(/^lock_lease_lost_total\{.*lock_lost_reason="expired".*\} 0$/m);
  expect(stdout).not.toContain('orders/3');
});
