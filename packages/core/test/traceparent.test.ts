import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isTraceparent, parseTraceparent } from '../src/index.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const good = `00-${traceId}-${spanId}-01`;

describe('a traceparent', () => {
  it.each([
    [good, { traceId, spanId, sampled: true }],
    [`00-${traceId}-${spanId}-00`, { traceId, spanId, sampled: false }],
    [`00-${traceId}-${spanId}-03`, { traceId, spanId, sampled: true }],
    [`00-${traceId}-${spanId}-fe`, { traceId, spanId, sampled: false }],
    [
      `00-${'0'.repeat(31)}1-${'0'.repeat(15)}1-ff`,
      { traceId: `${'0'.repeat(31)}1`, spanId: `${'0'.repeat(15)}1`, sampled: true },
    ],
  ])('%s is read', (text, context) => {
    expect(parseTraceparent(text)).toEqual(context);
    expect(isTraceparent(text)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['a version that is not 00', `01-${traceId}-${spanId}-01`],
    ['the version that is forbidden', `ff-${traceId}-${spanId}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['capitals', good.toUpperCase()],
    ['a digit too few', good.slice(0, -1)],
    ['a digit too many', `${good}0`],
    ['a fifth part', `${good}-x`],
    ['a blank before it', ` ${good}`],
    ['a line end behind it', `${good}\n`],
    ['a line end in it', `${good.slice(0, -1)}\n`],
    ['no hex', good.replace('a', 'g')],
    ['digits of another script', good.replace('1', '１')],
    ['underscores', good.replaceAll('-', '_')],
    ['no text', 42],
    ['null', null],
    ['undefined', undefined],
    ['a list of one', [good]],
    ['an object that pretends', { length: 55, toString: () => good }],
    ['a text object', new String(good)],
  ])('is not read from %s', (_what, input) => {
    expect(parseTraceparent(input)).toBeUndefined();
    expect(isTraceparent(input)).toBe(false);
  });

  it('is read as it was written, whatever the ids', () => {
    const hex = (digits: number) =>
      fc
        .array(fc.constantFrom(...'0123456789abcdef'.split('')), { minLength: digits, maxLength: digits })
        .map((chosen) => chosen.join(''))
        .filter((id) => /[^0]/.test(id));
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (trace, span, sampled) => {
        const text = `00-${trace}-${span}-0${sampled ? 1 : 0}`;
        expect(parseTraceparent(text)).toEqual({ traceId: trace, spanId: span, sampled });
      }),
    );
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string({ minLength: 55, maxLength: 55 })), (input) => {
        const context = parseTraceparent(input);
        expect(isTraceparent(input)).toBe(context !== undefined);
      }),
    );
  });
});
