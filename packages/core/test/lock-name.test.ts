import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { templateName } from '../src/index.ts';

const uuid = '550e8400-e29b-41d4-a716-446655440000';

describe('the class of a lock that nobody declared', () => {
  it.each([
    // Numbers, wherever they stand.
    ['orders/42', 'orders/{id}'],
    ['orders:42', 'orders:{id}'],
    ['orders.42.lines.7', 'orders.{id}.lines.{id}'],
    ['tenant/7/orders/42', 'tenant/{id}/orders/{id}'],
    ['order-42', 'order-{id}'],
    ['order_42', 'order_{id}'],
    ['order-42-lines', 'order-{id}-lines'],
    ['42', '{id}'],
    ['report/2026-01-31', 'report/{id}-{id}-{id}'],
    ['orders?id=42&line=7', 'orders?id={id}&line={id}'],
    ['orders 42', 'orders {id}'],
    // Identifiers that are no numbers.
    [`orders/${uuid}`, 'orders/{id}'],
    [`orders/${uuid.toUpperCase()}`, 'orders/{id}'],
    [`order-${uuid}`, 'order-{id}'],
    ['blob/5f3a9c1e', 'blob/{id}'],
    ['blob-5f3a9c1e77', 'blob-{id}'],
    ['object/507f1f77bcf86cd799439011', 'object/{id}'],
    ['customer/cus_NffrFeUfNV2Hib01234', 'customer/{id}'],
    ['file/01ARZ3NDEKTSV4RRFFQ69G5FAV', 'file/{id}'],
    // Words stay, also those with a digit in them.
    ['nightly-report', 'nightly-report'],
    ['orders/v2', 'orders/v2'],
    ['sha256/cache', 'sha256/cache'],
    ['s3/bucket', 's3/bucket'],
    ['facade', 'facade'],
    ['deadbeef', 'deadbeef'],
    ['internationalization', 'internationalization'],
    ['café/42', 'café/{id}'],
    ['', ''],
    ['/', '/'],
  ])('%j is %j', (key, name) => {
    expect(templateName(key)).toBe(name);
  });

  it('is its own class, so that a name may be a key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (key) => {
        const name = templateName(key);
        expect(templateName(name)).toBe(name);
      }),
    );
  });

  it('is the same for any two numbers', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.constantFrom('/', ':', '.', '-', '_', ' ', '#'), (one, other, separator) => {
        expect(templateName(`job${separator}${one}`)).toBe(templateName(`job${separator}${other}`));
      }),
    );
  });

  it('is found in a time that grows with the key, not with its square', () => {
    // With a square, 100,000 characters would take minutes: the test would time out.
    for (const unit of ['a', '1', '-', '1-', 'a1', '_1', 'deadbee-']) templateName(unit.repeat(100_000));
  });
});
