import * as fc from 'fast-check';

import { createMessage, type Message } from '../../src/index.ts';

/** Text that an attribute of CloudEvents may have: any but control characters, half pairs and what is no character. */
const attribute = fc
  .string({ unit: 'binary', minLength: 1 })
  .filter((text) => !/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(text));

const headerName = fc.string({ unit: 'binary' }).filter((name) => name !== '__proto__');
const hexDigits = (length: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: length, maxLength: length })
    .filter((digits) => !/^0+$/.test(digits));

export const anyTraceparent: fc.Arbitrary<string> = fc
  .tuple(hexDigits(32), hexDigits(16), fc.constantFrom('00', '01'))
  .map(([trace, span, flags]) => `00-${trace}-${span}-${flags}`);

/** Data as JSON can say them, without the keys that are refused. */
export const anyData: fc.Arbitrary<unknown> = fc
  .oneof(fc.jsonValue({ maxDepth: 5 }), fc.constant(undefined))
  .map((data) => (data === undefined ? undefined : (JSON.parse(JSON.stringify(data)) as unknown)))
  .filter((data) => !/"__proto__"|"constructor"/.test(JSON.stringify(data) ?? ''));

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const anyInit = fc.record({
  source: fc
    .webPath()
    .filter((path) => path !== '')
    .map((path) => `/orders${path}`),
  subject: optional(attribute),
  version: optional(fc.nat()),
  correlationId: optional(attribute),
  traceparent: optional(anyTraceparent),
  headers: optional(fc.dictionary(headerName, fc.string({ unit: 'binary' }), { noNullPrototype: true })),
  id: optional(attribute),
  time: optional(
    fc
      .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
      .map(Number),
  ),
});

const first: fc.Arbitrary<Message> = fc
  .tuple(attribute, anyData, anyInit)
  .map(([type, data, init]) => createMessage(type, data, init));

/** Any message: the first of a chain or one that another led to. */
export const anyMessage: fc.Arbitrary<Message> = fc
  .tuple(optional(first), attribute, anyData, anyInit)
  .map(([causedBy, type, data, init]) => createMessage(type, data, { ...init, causedBy }));
