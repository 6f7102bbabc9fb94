import { expect, test } from 'vitest';

import { runExample } from '../../../test/support/run-example.ts';

test('the wait is linked to the span of the lock that blocked it, in the other trace', async () => {
  const { code, stdout, stderr } = await runExample('otel-tracing');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const locks = [...stdout.matchAll(/^lock orders\/\{id\}  trace (\w+) span (\w+)/gm)];
  const blocked = /blocked by span (\w+) of trace (\w+), nightly job/.exec(stdout);
  expect(locks).toHaveLength(2);
  expect(stdout).toMatch(new RegExp(`handed off from span ${locks[0]?.[2]} of trace \\w+, nightly job`));
  expect(stdout).not.toContain('undefined');
  expect(blocked?.[1]).toBe(locks[0]?.[2]);
  expect(blocked?.[2]).toBe(locks[0]?.[1]);
  expect(locks[1]?.[1]).not.toBe(locks[0]?.[1]);
  expect(/^charge the card .* parent (\w+)$/m.exec(stdout)?.[1]).toBe(locks[1]?.[2]);
});
