import { InvalidOptionsError } from '@lockscope/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createMessage, decodeMessage, encodeMessage, MessageFormatError } from '../../src/index.ts';
import { anyMessage } from './any-message.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const wire = {
  specversion: '1.0',
  id: 'm1',
  source: 'orders',
  type: 'order.created',
  time: '2026-02-03T10:20:30.123Z',
};
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The field that is wrong; anything else than a MessageFormatError fails the test. */
function refused(input: unknown, options = {}): string {
  try {
    decodeMessage(input as string, options);
  } catch (error) {
    if (!(error instanceof MessageFormatError)) throw error;
    expect(error).toMatchObject({ name: 'MessageFormatError', code: 'MESSAGE_FORMAT' });
    expect(error.message.startsWith(`not a message: ${error.field} `)).toBe(true);
    return error.field;
  }
  return 'nothing';
}
const refusedWith = (fields: object): string => refused(JSON.stringify({ ...wire, ...fields }));

describe('a message that is written and read again', () => {
  it('row 98: is the same, whatever is in it', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(decodeMessage(encodeMessage(message))).toStrictEqual(message);
      }),
      { numRuns: 300 },
    );
  });

  it('is the same as UTF-8, and stands on one line', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const text = encodeMessage(message);
        expect(text).not.toMatch(/[\n\r]/);
        expect(decodeMessage(utf8(text))).toStrictEqual(message);
      }),
    );
  });

  it('is frozen', () => {
    const message = decodeMessage(encodeMessage(createMessage('a', null, { source: 'a', headers: { b: 'c' } })));
    expect(Object.isFrozen(message)).toBe(true);
    expect(Object.isFrozen(message.headers)).toBe(true);
  });
});

describe('the wire form', () => {
  it('is CloudEvents 1.0 in structured mode', () => {
    const cause = createMessage('a', null, { source: 'a', id: 'm1' });
    const message = createMessage(
      'payment.created',
      { amount: 10 },
      {
        source: '/payments',
        subject: 'order-42',
        version: 2,
        causedBy: cause,
        traceparent,
        headers: { Tenant: 'a"b' },
        id: 'm2',
        time: 1_770_114_030_123,
      },
    );
    expect(JSON.parse(encodeMessage(message))).toStrictEqual({
      specversion: '1.0',
      id: 'm2',
      source: '/payments',
      type: 'payment.created',
      subject: 'order-42',
      time: '2026-02-03T10:20:30.123Z',
      datacontenttype: 'application/json',
      correlationid: 'm1',
      causationid: 'm1',
      traceparent,
      version: 2,
      headers: '{"Tenant":"a\\"b"}',
      data: { amount: 10 },
    });
  });

  it('has only attributes that CloudEvents allows: lower-case names, texts without control characters, integers', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const { data: _, ...attributes } = JSON.parse(encodeMessage(message)) as Record<string, unknown>;
        for (const [name, value] of Object.entries(attributes)) {
          expect(name).toMatch(/^[a-z0-9]{1,20}$/);
          if (typeof value === 'string') {
            expect(value).not.toBe('');
            expect(value).not.toMatch(/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u);
          } else expect(value).toBeLessThan(2 ** 31);
        }
      }),
    );
  });

  it('says when the data cannot be written', () => {
    const ring: Record<string, unknown> = {};
    ring['ring'] = ring;
    for (const data of [1n, ring, () => {}, Symbol('s')]) {
      expect(() => encodeMessage(createMessage('a', data, { source: 'a' }))).toThrow(MessageFormatError);
    }
  });
});

describe('what others write', () => {
  it('is the first of its chain when it says nothing else', () => {
    expect(decodeMessage(JSON.stringify(wire))).toStrictEqual({
      id: 'm1',
      type: 'order.created',
      source: 'orders',
      time: 1_770_114_030_123,
      data: undefined,
      correlationId: 'm1',
      headers: {},
    });
  });

  it.each([
    ['2026-02-03T10:20:30Z', 1_770_114_030_000],
    ['2026-02-03T12:20:30.5+02:00', 1_770_114_030_500],
    ['2026-02-03t10:20:30.123456789z', 1_770_114_030_123],
    ['2024-02-29T00:00:00Z', 1_709_164_800_000],
  ])('may have the time %s', (time, epochMs) => {
    expect(decodeMessage(JSON.stringify({ ...wire, time })).time).toBe(epochMs);
  });

  it('may have attributes of its own and any JSON media type', () => {
    for (const datacontenttype of ['application/json; charset=utf-8', 'application/vnd.order+json', 'text/json'])
      expect(refusedWith({ datacontenttype, partitionkey: 'a', dataschema: '/s', tracestate: 'a=b' })).toBe('nothing');
  });
});

describe('what is no message is refused with the field that is wrong', () => {
  it.each([
    ['nothing', '', 'the text'],
    ['text', 'a log line', 'the text'],
    ['half a line', JSON.stringify(wire).slice(0, -5), 'the text'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'the text'],
    ['a number', '42', 'the whole'],
    ['null', 'null', 'the whole'],
    ['a list', `[${JSON.stringify(wire)}]`, 'the whole'],
    ['an empty object', '{}', 'specversion'],
  ])('%s', (_what, input, field) => {
    expect(refused(input)).toBe(field);
  });

  it.each([
    ['specversion', '0.3'],
    ['id', undefined],
    ['id', ''],
    ['id', 7],
    ['source', 'two words'],
    ['source', undefined],
    ['type', undefined],
    ['type', 'a\u0000'],
    ['time', undefined],
    ['time', 1_770_114_030_123],
    ['time', '2026-02-03 10:20:30Z'],
    ['time', '2026-02-30T10:20:30Z'],
    ['time', '2026-02-03T24:00:00Z'],
    ['time', '2026-02-03T10:20:30+25:00'],
    ['time', '0000-01-01T00:00:00Z'],
    ['time', `2026-02-03T10:20:30.${'0'.repeat(1000)}Z`],
    ['subject', null],
    ['correlationid', 7],
    ['causationid', {}],
    ['traceparent', 'none'],
    ['version', '2'],
    ['version', -1],
    ['headers', { a: 'b' }],
    ['headers', 'none'],
    ['headers', '["a"]'],
    ['headers', '{"a":1}'],
    ['headers', '{"__proto__":"a"}'],
    ['headers', 'null'],
    ['datacontenttype', 'text/xml'],
    ['data_base64', 'AA=='],
  ])('%s when it is wrong: %j', (field, value) => {
    expect(refusedWith({ [field]: value })).toBe(field);
  });
});

describe('a hostile message', () => {
  it('that is too large is refused before it is read', () => {
    const text = JSON.stringify({ ...wire, data: '€'.repeat(100) });
    const bytes = utf8(text).length;
    expect(bytes).toBeGreaterThan(text.length);
    for (const input of [text, utf8(text)]) {
      expect(refused(input, { maxBytes: bytes })).toBe('nothing');
      expect(refused(input, { maxBytes: bytes - 1 })).toBe('the text');
    }
    expect(refused('x'.repeat(1_048_577))).toBe('the text');
    expect(refused(JSON.stringify({ ...wire, data: 'x'.repeat(1_000_000) }))).toBe('nothing');
  });

  it.each([0, -1, 1.5, Number.NaN, '9'])('is not let in by a cap of %j', (maxBytes) => {
    expect(() => decodeMessage(JSON.stringify(wire), { maxBytes: maxBytes as number })).toThrow(InvalidOptionsError);
  });

  it.each([
    ['a prototype for the whole', '"__proto__":{"polluted":1}', 'the whole'],
    ['one deep in the data', '"data":{"a":[{"b":{"__proto__":{"polluted":1}}}]}', 'data'],
    ['one in other letters', '"data":{"\\u005f_proto__":{"polluted":1}}', 'data'],
    ['a constructor with a prototype', '"data":{"constructor":{"prototype":{"polluted":1}}}', 'data'],
    ['data without a floor', `"data":${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'the whole'],
    ['data without a floor, of objects', `"data":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'the whole'],
  ])('with %s is refused', (_what, part, field) => {
    expect(refused(`${JSON.stringify(wire).slice(0, -1)},${part}}`)).toBe(field);
    expect({}).not.toHaveProperty('polluted');
  });

  it('may speak of a constructor', () => {
    expect(refusedWith({ data: { constructor: 'Bell', prototype: 'X-1' } })).toBe('nothing');
  });

  it('of any bytes is refused and nothing else happens', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string({ unit: 'binary' }), fc.json()), (input) => {
        expect(refused(input)).not.toBe('nothing');
      }),
      { numRuns: 1000 },
    );
  });

  it('of any bytes in place of one is refused or read, and nothing else happens', () => {
    const good = utf8(JSON.stringify({ ...wire, headers: '{"a":"b"}', data: { a: [1, { b: 2 }] }, version: 1 }));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.uint8Array({ maxLength: 4 }), fc.nat(4), (at, bytes, cut) => {
        refused(Uint8Array.of(...good.slice(0, at), ...bytes, ...good.slice(at + cut)));
      }),
      { numRuns: 2000 },
    );
  });
});
