import { InvalidOptionsError } from '@lockscope/core';
import { expect, it } from 'vitest';

import { redisBroker, type RedisBrokerOptions } from '../src/index.ts';

const surprise: object = { surprise: 1 };
// Nobody is there: whoever connects fails, later.
const url = 'redis://127.0.0.1:1';
const options: Required<Omit<RedisBrokerOptions, 'client'>> = {
  url,
  driver: 'ioredis',
  prefix: 'a',
  maxEvents: 1,
  deduplicatesMs: 1,
  maxBodyBytes: 1,
  timeoutMs: 1,
};
const broker = redisBroker({ url });

it.each<[string, () => unknown]>([
  ['redisBroker', () => redisBroker({ ...options, ...surprise })],
  ['subscribe', () => broker.subscribe('a', () => {}, { group: 'a', ...surprise })],
])('%s refuses an option that there is not', (_, make) => {
  expect(make).toThrow(InvalidOptionsError);
  expect(make).toThrow(/^there is no option "surprise"; known are [\w, ]+$/);
});
