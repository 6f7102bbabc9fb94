import { InvalidOptionsError } from '@lockscope/core';
import { createRedisBackend } from 'bullmq';
import { expect, it } from 'vitest';

import { bullmqDispatcher, type BullmqDispatcherOptions } from '../src/index.ts';

const surprise: object = { surprise: 1 };
// Nobody is there: whoever connects fails, later.
const connection = { host: '127.0.0.1', port: 1 };
const faults: unknown[] = [];
const options: Required<BullmqDispatcherOptions> = {
  connection,
  backend: createRedisBackend,
  name: 'a',
  maxQueued: 1,
  locks: { run: () => Promise.reject(new Error('not asked')) },
  parallel: 1,
  claimMs: 1000,
  maxCrashes: 1,
  rememberHandled: 1,
  maxEventLength: 1,
  onDead: () => {},
  onDrop: () => {},
  onError: (error) => faults.push(error),
};
const dispatcher = bullmqDispatcher<{ orders: number }>(options);

it.each<[string, () => unknown]>([
  ['bullmqDispatcher', () => bullmqDispatcher({ ...options, ...surprise })],
  ['register', () => dispatcher.register('orders', () => {}, { name: 'a', ...surprise })],
  ['dispatch', () => dispatcher.dispatch('orders', 1, { id: 'a', ...surprise })],
])('%s refuses an option that there is not, and does nothing', async (_, make) => {
  const error: unknown = await Promise.resolve()
    .then(make)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidOptionsError);
  expect((error as InvalidOptionsError).problems).toEqual([
    expect.stringMatching(/^there is no option "surprise"; known are \w/),
  ]);
  expect(dispatcher.counters()).toMatchObject({ accepted: 0, attempts: 0 });
  expect(faults).toEqual([]);
});
