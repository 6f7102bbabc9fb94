import { anything, assert, property } from 'fast-check';
import { expect, test } from 'vitest';

import { holderLimits, parseHolder } from '../src/index.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('a holder is read back as it was written', () => {
  const holder = { ownerId: 'me', host: 'h', pid: 7, service: 's', operation: 'POST /orders', traceparent };
  expect(parseHolder(JSON.parse(JSON.stringify(holder)))).toEqual(holder);
});

test('texts from a record are cut to their limits', () => {
  const long = 'x'.repeat(10_000);
  const holder = parseHolder({ ownerId: long, host: long, service: long, operation: long, traceparent: long });
  expect(holder?.ownerId).toHaveLength(holderLimits.ownerId);
  expect(holder?.host).toHaveLength(holderLimits.host);
  expect(holder?.service).toHaveLength(holderLimits.service);
  expect(holder?.operation).toHaveLength(holderLimits.operation);
  expect(holder).not.toHaveProperty('traceparent');
});

test('a record without an owner has no holder, and nothing unknown comes through', () => {
  expect(parseHolder({ host: 'h' })).toBeUndefined();
  expect(parseHolder({ ownerId: '' })).toBeUndefined();
  expect(parseHolder({ ownerId: 'me', tracestate: 'secret', pid: 1.5, host: 7 })).toEqual({ ownerId: 'me' });
});

test('whatever stands in a record, reading it never throws and never exceeds the limits', () => {
  assert(
    property(anything(), (raw) => {
      const holder = parseHolder(raw);
      if (holder !== undefined) expect(holder.ownerId.length).toBeLessThanOrEqual(holderLimits.ownerId);
    }),
  );
});
