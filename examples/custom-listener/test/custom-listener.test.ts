import { listenerContract } from '@lockscope/testkit';
import { describe, expect, test } from 'vitest';

import { runExample } from '../../../test/support/run-example.ts';
import { LongestWaits } from '../src/longest-waits.ts';

test('the longest waits come out first, with their causes; the broken listener harms nobody', async () => {
  const { code, stdout, stderr } = await runExample('custom-listener');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const waited = [...stdout.matchAll(/waited (\d+) ms for catalogue, blocked by (\w+)/g)];
  expect(waited.map(([, , blocker]) => blocker)).toEqual(['import', 'reprice']);
  expect(Number(waited[0]?.[1])).toBeGreaterThan(Number(waited[1]?.[1]));
  expect(stdout).toContain('listener broken failed 3 time(s)');
});

describe('the listener of this example keeps the contract', () => {
  for (const { name, run } of listenerContract({ create: () => ({ listener: new LongestWaits() }) })) test(name, run);
});
