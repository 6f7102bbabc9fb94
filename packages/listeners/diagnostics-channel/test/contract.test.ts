import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { listenerContract } from '@lockscope/testkit';
import { afterEach, beforeEach, describe, test } from 'vitest';

import { diagnosticsChannel } from '../src/index.ts';

describe('the listener contract, nobody subscribed', () => {
  for (const { name, run } of listenerContract({ create: () => ({ listener: diagnosticsChannel() }) })) test(name, run);
});

describe('the listener contract, with a subscriber', () => {
  const hears = (): void => undefined;
  const names = ['start', 'end', 'error', 'asyncStart', 'asyncEnd'].map((phase) => `tracing:lockscope:lock:${phase}`);
  beforeEach(() => names.forEach((name) => subscribe(name, hears)));
  afterEach(() => names.forEach((name) => unsubscribe(name, hears) && channel(name)));
  for (const { name, run } of listenerContract({ create: () => ({ listener: diagnosticsChannel() }) })) test(name, run);
});
