import { expect, it } from 'vitest';

import { InvalidOptionsError, queued, unknownOptions, type QueuedOptions } from '../src/index.ts';

const surprise: object = { surprise: 1 };

it('each name that there is not is a problem, with the names that there are', () => {
  const known = new Set(['capacity', 'onFull']);
  expect(unknownOptions({ capacity: 1, capasity: 2, size: undefined }, known)).toEqual([
    'there is no option "capasity"; known are capacity, onFull',
    'there is no option "size"; known are capacity, onFull',
  ]);
  expect(unknownOptions({ onFull: undefined }, known)).toEqual([]);
});

it('queued refuses an option that there is not, before what else is wrong', () => {
  const options: Required<QueuedOptions> = { capacity: 0, onFull: 'drop_newest', timeoutMs: 1, onError: () => {} };
  expect(() => queued({ name: 'l' }, { ...options, ...surprise })).toThrow(
    new InvalidOptionsError([
      'there is no option "surprise"; known are capacity, onFull, timeoutMs, onError',
      'capacity must be an integer of at least 1, got 0',
    ]),
  );
});

it('close refuses an option that there is not, and stays open', async () => {
  const queue = queued({ name: 'l', on: () => {} });
  await expect(queue.close({ timeoutMs: 1, ...surprise })).rejects.toThrow(
    new InvalidOptionsError(['there is no option "surprise"; known are timeoutMs']),
  );
  expect(queue.dropped).toBe(0);
  expect(await queue.close()).toEqual({ undelivered: 0 });
});
