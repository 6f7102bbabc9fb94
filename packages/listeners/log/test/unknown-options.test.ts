import { expect, it } from 'vitest';

import { InvalidOptionsError, log, type LogOptions } from '../src/index.ts';
import { Sheet } from './script.ts';

const surprise: object = { surprise: 1 };
const stream = new Sheet();
const options: Required<Omit<LogOptions, 'logger'>> = {
  stream,
  format: 'json',
  style: 'pino',
  level: 'warn',
  longWaitMs: 1,
  longHoldMs: 1,
  names: { a: { longWaitMs: 1, longHoldMs: 1 } },
  rateLimit: { lines: 1, everyMs: 1 },
  maxBuffered: 1,
  colors: false,
  ascii: true,
};

it.each<[string, () => unknown]>([
  ['log', () => log({ ...options, ...surprise })],
  ['log, names', () => log({ ...options, names: { a: { longWaitMs: 1, ...surprise } } })],
  ['log, rateLimit', () => log({ ...options, rateLimit: { lines: 1, everyMs: 1, ...surprise } })],
])('%s refuses an option that there is not', (_, make) => {
  expect(make).toThrow(InvalidOptionsError);
  expect(make).toThrow(/^there is no option "surprise"; known are [\w, ]+$/);
  expect(stream.lines).toEqual([]);
});
