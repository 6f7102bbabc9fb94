import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { maxErrorDepth, toEventError, type EventError } from '../src/index.ts';

const stack = expect.stringContaining('event-error.test.ts');

describe('what is told of a thrown', () => {
  it('error: name, message, code, stack and cause', () => {
    const thrown = Object.assign(new RangeError('too far', { cause: new TypeError('why') }), { code: 'E_FAR' });
    expect(toEventError(thrown)).toEqual({
      name: 'RangeError',
      message: 'too far',
      code: 'E_FAR',
      stack,
      cause: { name: 'TypeError', message: 'why', stack },
    });
  });

  it.each([
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
    ['string', 'just text', 'just text'],
    ['number', 42, '42'],
    ['bigint', 42n, '42'],
    ['symbol', Symbol('s'), 'Symbol(s)'],
  ])('%s: what it is', (_what, thrown, message) => {
    expect(toEventError(thrown)).toEqual({ name: 'NonError', message });
  });

  it.each([
    ['object with a message', { message: 'm', code: 'C' }, { name: 'Error', message: 'm', code: 'C' }],
    ['object of another kind', { status: 500 }, { name: 'Error', message: '{"status":500}' }],
    ['list', [1, 2], { name: 'Error', message: '[1,2]' }],
    ['empty object', {}, { name: 'Error', message: 'it has no text' }],
    ['object without a prototype', Object.create(null), { name: 'Error', message: 'it has no text' }],
    ['object with a bigint', { n: 1n }, { name: 'Error', message: 'it has no text' }],
    ['error with an empty code and stack', { message: 'm', code: '', stack: '' }, { name: 'Error', message: 'm' }],
    [
      'error with a numeric code',
      { name: 'PgError', message: 'm', code: 23505 },
      { name: 'PgError', message: 'm', code: '23505' },
    ],
    ['error with an object for a code', { message: 'm', code: {} }, { name: 'Error', message: 'm' }],
  ])('%s', (_what, thrown, told) => {
    expect(toEventError(thrown)).toEqual(told);
  });

  it('DOMException: its name and its number', () => {
    const thrown = new DOMException('stopped', 'AbortError');
    expect(toEventError(thrown)).toMatchObject({ name: 'AbortError', message: 'stopped', code: '20' });
  });

  it('AggregateError: its members, and its cause', () => {
    const thrown = new AggregateError([new Error('a'), 'b'], 'both', { cause: 'c' });
    expect(toEventError(thrown)).toEqual({
      name: 'AggregateError',
      message: 'both',
      stack,
      cause: { name: 'NonError', message: 'c' },
      errors: [
        { name: 'Error', message: 'a', stack },
        { name: 'NonError', message: 'b' },
      ],
    });
  });
});

describe('a circle', () => {
  it('of causes ends where it begins', () => {
    const a = new Error('a');
    a.cause = new Error('b', { cause: a });
    const told = toEventError(a);
    expect(told.cause?.message).toBe('b');
    expect(told.cause).not.toHaveProperty('cause');
  });

  it('of an error that causes itself is not followed', () => {
    const a = new Error('a');
    a.cause = a;
    expect(toEventError(a)).not.toHaveProperty('cause');
  });

  it('of members is not followed', () => {
    const a = new AggregateError([], 'a');
    a.errors = [a, new Error('b'), a];
    expect(toEventError(a).errors?.map(({ message }) => message)).toEqual(['b']);
  });
});

describe('something large', () => {
  it('has its texts cut at 4,096 characters', () => {
    const text = 'x'.repeat(1_000_000);
    const told = toEventError(Object.assign(new Error(text), { name: text, code: text, stack: text }));
    for (const field of ['name', 'message', 'code', 'stack'] as const)
      expect(told[field], field).toBe(`${'x'.repeat(4096)}…`);
  });

  it('is cut when it is told as JSON too', () => {
    expect(toEventError({ text: 'x'.repeat(1_000_000) }).message).toHaveLength(4097);
  });

  it('has a chain of at most 8', () => {
    let thrown: Error | undefined;
    for (let n = 20; n > 0; n -= 1) thrown = new Error(`e${n}`, { cause: thrown });
    const messages: string[] = [];
    for (let told: EventError | undefined = toEventError(thrown); told !== undefined; told = told.cause)
      messages.push(told.message);
    expect(messages).toEqual(['e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8']);
    expect(maxErrorDepth).toBe(8);
  });

  it('has the first 8 of many members', () => {
    const members = Array.from({ length: 20 }, (_, n) => new Error(`e${n}`));
    const told = toEventError(new AggregateError(members, 'many'));
    expect(told.errors?.map(({ message }) => message)).toEqual(members.slice(0, 8).map(({ message }) => message));
  });

  it('has at most 8 members a level and 64 errors altogether, however often they contain each other', () => {
    let level: Error[] = Array.from({ length: 20 }, (_, n) => new Error(`leaf ${n}`));
    for (let depth = 0; depth < 6; depth += 1)
      level = Array.from({ length: 20 }, () => new AggregateError(level, `level ${depth}`));
    const told = toEventError(new AggregateError(level, 'top'));
    expect(told.errors?.length).toBeLessThanOrEqual(8);
    expect(count(told)).toBe(64);
  });
});

describe('a value that does something when it is looked at', () => {
  const all = { name: 'E', message: 'm', code: 'C', stack: 's', cause: 'c', errors: ['e'] };
  const { name, message, code, stack: trace, cause, errors } = toEventError(all);

  it.each([
    ['name', { name: 'Error', message, code, stack: trace, cause, errors }],
    ['message', { name, message: 'it has no text', code, stack: trace, cause, errors }],
    ['code', { name, message, stack: trace, cause, errors }],
    ['stack', { name, message, code, cause, errors }],
    ['cause', { name, message, code, stack: trace, errors }],
    ['errors', { name, message, code, stack: trace, cause }],
  ] as const)('loses its %s when that throws, and keeps the rest', (field, told) => {
    const shy = { ...all };
    Object.defineProperty(shy, field, {
      enumerable: true,
      get() {
        throw new Error('gotcha');
      },
    });
    expect(toEventError(shy)).toEqual(told);
  });

  it('is told as something that cannot be described when nothing else is left', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const unreadable = { name: 'Error', message: 'a value was thrown that cannot be described' };
    expect(toEventError(proxy)).toMatchObject({ name: 'Error' });
    const shy = Object.assign(() => {}, {
      toString() {
        throw new Error('gotcha');
      },
    });
    expect(toEventError(shy)).toEqual(unreadable);
  });
});

it('whatever is thrown, the description is frozen plain text that JSON carries', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }), (thrown) => {
      const told = toEventError(thrown);
      expect(Object.isFrozen(told)).toBe(true);
      expect(told.name).not.toBe('');
      expect(JSON.parse(JSON.stringify(told))).toEqual(told);
    }),
  );
});

function count(told: EventError): number {
  return (
    1 + [...(told.errors ?? []), ...(told.cause ? [told.cause] : [])].reduce((sum, inner) => sum + count(inner), 0)
  );
}
