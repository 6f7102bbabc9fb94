import assert from 'node:assert/strict';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { stableParse, stableStringify } from '../../src/index.ts';

/** Whatever an event may be, marks of our own and hostile keys included. */
const keys = fc.oneof(
  fc.string(),
  fc.constantFrom('$bigint', '$date', '$object', '__proto__', 'constructor', 'toString', '1', '01'),
);
const leaves = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
);
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaves,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(keys, tie('value')), { maxLength: 4 }).map((pairs) => {
      const object = {};
      for (const [key, value] of pairs)
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      return object;
    }),
  ),
}));

/** The same object, built the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const object = {};
  for (const [key, inner] of Object.entries(value).toReversed())
    Object.defineProperty(object, key, { value: turned(inner), enumerable: true, configurable: true, writable: true });
  return object;
}

describe('row 84: stable JSON', () => {
  test('row 84: any number of round trips give the same bytes and the same value', () => {
    fc.assert(
      fc.property(values, (value) => {
        const text = stableStringify(value);
        const back = stableParse(text);
        expect(stableStringify(back)).toBe(text);
        assert.deepStrictEqual(back, value);
      }),
      { numRuns: 2_000 },
    );
  });

  test('row 84: the text does not depend on the order in which an object was built', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(stableStringify(turned(value))).toBe(stableStringify(value));
      }),
      { numRuns: 1_000 },
    );
  });

  test('row 84: integers above 2^53 and dates come back as they were', () => {
    const event = { big: 9_007_199_254_740_993n, small: -1n, at: new Date('2033-05-18T03:33:20.001Z') };
    expect(stableParse(stableStringify(event))).toStrictEqual(event);
    expect(stableStringify(event)).toBe(
      '{"at":{"$date":"2033-05-18T03:33:20.001Z"},"big":{"$bigint":"9007199254740993"},"small":{"$bigint":"-1"}}',
    );
  });

  test('row 84: what would come back as something else is refused, with its place', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    for (const [value, message] of [
      [{ a: [1, Number.NaN] }, '.a[1] cannot be written as JSON: NaN'],
      [{ a: { b: () => 1 } }, '.a.b cannot be written as JSON: function'],
      [[undefined], '[0] cannot be written as JSON: undefined'],
      [undefined, 'the value cannot be written as JSON: undefined'],
      [new Date(Number.NaN), 'the value cannot be written as JSON: an invalid date'],
      [{ m: new Map() }, '.m cannot be written as JSON: a Map'],
      [{ m: new Uint8Array(2) }, '.m cannot be written as JSON: a Uint8Array'],
      [circle, '.self cannot be written as JSON: a circle'],
    ] as const) {
      expect(() => stableStringify(value)).toThrow(new TypeError(message));
    }
    const twice = { of: 1 };
    expect(stableStringify([twice, twice])).toBe('[{"of":1},{"of":1}]');
  });

  test('row 84: a hostile text pollutes nothing, ends no stack, and is refused when a mark means nothing', () => {
    const parsed = stableParse('{"__proto__":{"polluted":1},"a":{"constructor":{"prototype":{"polluted":1}}}}');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect(() => stableParse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toThrow(SyntaxError);
    for (const text of ['{"$bigint":"1e9"}', '{"$bigint":7}', '{"$date":"tomorrow"}', '{"$object":{"a":1}}', '{', '']) {
      expect(() => stableParse(text)).toThrow(SyntaxError);
    }
    let deep: unknown = 1;
    for (let n = 0; n < 10_000; n += 1) deep = [deep];
    expect(() => stableStringify(deep)).toThrow(/deeper than 500/);
  });
});
