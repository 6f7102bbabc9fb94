import { expect, test } from 'vitest';

import { describeWith } from '../../../test/support/describe-with.ts';
import { runExample } from '../../../test/support/run-example.ts';
import { startRedis } from '../../../test/support/servers/redis.ts';

const handled = [
  'given up: book.burn, nobody burns Ulysses',
  'lend: Ulysses to Ann',
  'remind: Ulysses is due on 2026-12-24',
  'report: 9007199254740993 books, on attempt 2',
];
const sorted = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .toSorted((a, b) => (a < b ? -1 : 1));

test('the jobs of one process: at once, later, again, and given up', async () => {
  const { code, stdout, stderr } = await runExample('jobs');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(sorted(stdout)).toEqual(['dispatched: lend now, remind in 300 ms, report, burn', ...handled]);
  expect(stdout.indexOf('remind: ')).toBeGreaterThan(stdout.indexOf('lend: '));
});

describeWith('redis-server', 'with a Redis', () => {
  test('one process dispatches and ends, another one handles', { timeout: 60_000 }, async () => {
    const server = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] });
    try {
      const first = await runExample('jobs', [String(server.port), 'dispatch']);
      expect([first.code, first.stderr]).toEqual([0, '']);
      expect(sorted(first.stdout)).toEqual(['dispatched: lend now, remind in 300 ms, report, burn']);
      const second = await runExample('jobs', [String(server.port), 'handle']);
      expect([second.code, second.stderr]).toEqual([0, '']);
      expect(sorted(second.stdout)).toEqual(handled);
    } finally {
      await server.stop();
    }
  });
});
