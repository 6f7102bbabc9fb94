import { InvalidOptionsError } from '@lockscope/core';
import { expect, it } from 'vitest';

import { natsBroker, type NatsBrokerOptions } from '../src/index.ts';

const surprise: object = { surprise: 1 };
// Nobody is there: whoever connects fails, later.
const servers = 'nats://127.0.0.1:1';
const options: Required<Omit<NatsBrokerOptions, 'connection'>> = {
  servers,
  connect: { name: 'whatever the client knows' },
  stream: 'a',
  prefix: 'a',
  replicas: 1,
  store: 'memory',
  maxEvents: 1,
  maxAgeMs: 1000,
  deduplicatesMs: 100,
  maxBodyBytes: 1,
  timeoutMs: 1,
};
const broker = natsBroker({ servers });

it.each<[string, () => unknown]>([
  ['natsBroker', () => natsBroker({ ...options, ...surprise })],
  ['subscribe', () => broker.subscribe('a', () => {}, { group: 'a', ...surprise })],
  ['respond', () => broker.respond('a', () => new Uint8Array(), { concurrency: 1, ...surprise })],
])('%s refuses an option that there is not', (_, make) => {
  expect(make).toThrow(InvalidOptionsError);
  expect(make).toThrow(/^there is no option "surprise"; known are [\w, ]+$/);
});
