import { expect, test } from 'vitest';

import { runExample } from '../../../test/support/run-example.ts';

test('the library lends what it has, once for each copy, and a reader who waits too long is told', async () => {
  const { code, stdout, stderr } = await runExample('library-book');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout.trim().split('\n')).toEqual([
    'alice has "Emma"',
    'the library says: 1 left',
    'bob has "Emma"',
    'the library says: no copy of "Emma" is left',
    '"Emma" is back',
    'bob, once more has "Emma"',
    'alice gives up: no answer to "fetchFromArchive" within 1000 ms: it was working',
    'nobody waits for "Ulysses" any more',
    '5 requests: 3 answered, 1 refused, 1 too late; 1 late answer',
  ]);
});
