import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeEvent, encodeEvent, ListenerSet, snapshot, toWire, type Event } from '../src/index.ts';
import { anyData, anyEvent } from './any-event.ts';
import { orders } from './possession.ts';

describe('an event that is written and read again', () => {
  it('is the same, whatever is in it', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(decodeEvent(encodeEvent(event))).toEqual(snapshot(event));
      }),
      { numRuns: 300 },
    );
  });

  it('is the same as many times as one likes', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const line = encodeEvent(event);
        expect(encodeEvent(decodeEvent(line))).toBe(line);
      }),
    );
  });

  it('stands on one line, whatever is in it', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(encodeEvent(event)).not.toMatch(/[\n\r]/);
      }),
    );
  });

  it('is the same through JSON.stringify, and as an object', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(JSON.stringify(event)).toBe(encodeEvent(event));
        expect(decodeEvent(toWire(event))).toEqual(snapshot(event));
      }),
    );
  });

  it('is frozen, all the way down', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expectFrozen(decodeEvent(encodeEvent(event)));
      }),
    );
  });
});

describe('a payload', () => {
  function through(value: unknown): unknown {
    const read = decodeEvent(encodeEvent(eventWith({ value })));
    return (read.details as { value?: unknown }).value;
  }

  it('keeps data of every kind', () => {
    fc.assert(
      fc.property(anyData, (value) => {
        expect(through(value)).toEqual(value);
      }),
    );
  });

  it.each([
    ['a big integer', 2n ** 200n],
    ['a negative zero', -0],
    ['no number', Number.NaN],
    ['less than everything', -Infinity],
    ['a moment', new Date(1)],
    ['no moment', new Date(Number.NaN)],
    ['a moment in the year 12000', new Date('+012000-01-01T00:00:00Z')],
    ['a key that looks like a tag', { $bigint: '1' }],
    ['a key that looks like an escaped tag', { $$number: 'NaN' }],
    ['a tag beside others', { $date: 'x', other: 1 }],
    ['an emoji and a line separator', '🔒\u2028\u0000'],
    ['half an emoji', '\ud83d'],
  ])('keeps %s', (_what, value) => {
    expect(through(value)).toStrictEqual(value);
  });

  it.each([
    ['a function', () => {}, '[function]'],
    ['a symbol', Symbol('s'), '[symbol]'],
    ['an error', new RangeError('far'), expect.objectContaining({ name: 'RangeError', message: 'far' })],
    ['nothing in a list', [undefined, 1], [null, 1]],
    ['a set', new Set([1]), {}],
  ])('says in data what is no data: %s', (_what, value, told) => {
    expect(through(value)).toEqual(told);
  });

  it('leaves out a field without a value', () => {
    expect(decodeEvent(encodeEvent(eventWith({ a: undefined, b: 1 }))).details).toStrictEqual({ b: 1 });
  });

  it('leaves out a key __proto__ and keeps its own prototype', () => {
    const payload = JSON.parse(
      '{"__proto__":{"polluted":true},"inner":{"__proto__":{"polluted":true}},"b":1}',
    ) as object;
    const event = eventWith(payload);
    expect(Object.getPrototypeOf(toWire(event).details)).toBe(Object.prototype);
    const { details } = decodeEvent(encodeEvent(event));
    expect(details).toStrictEqual({ inner: {}, b: 1 });
    expect(details).not.toHaveProperty('polluted');
  });

  it('ends a circle, however many ways lead round it', () => {
    const ring: Record<string, unknown> = { n: 1 };
    for (const way of 'abcdefgh') ring[way] = ring;
    expect(through(ring)).toEqual({
      n: 1,
      ...Object.fromEntries('abcdefgh'.split('').map((way) => [way, '[circular]'])),
    });
  });

  it('shows what is in it twice, twice', () => {
    const shared = { n: 1 };
    expect(through([shared, shared])).toEqual([{ n: 1 }, { n: 1 }]);
  });

  it('is cut where it is deeper than anybody reads', () => {
    let deep: unknown = 'bottom';
    for (let n = 0; n < 10_000; n += 1) deep = { deep };
    expect(JSON.stringify(through(deep))).toBe(`${'{"deep":'.repeat(15)}"[too deep]"${'}'.repeat(15)}`);
  });

  it('says so when it cannot be read', () => {
    const shy = {
      get field(): never {
        throw new Error('gotcha');
      },
    };
    expect(through(shy)).toBe('[unreadable]');
  });
});

describe('a time', () => {
  const read = (now: number): Event => {
    const set = new ListenerSet({ listeners: [() => {}], clock: { now: () => now, monotonic: () => 0 } });
    return set.begin('lock', orders)?.event as Event;
  };

  it.each([
    [0, '1970-01-01T00:00:00.000Z'],
    [-1, '1969-12-31T23:59:59.999Z'],
    [1_767_225_600_123, '2026-01-01T00:00:00.123Z'],
    [1_767_225_600_123.456, '2026-01-01T00:00:00.123456Z'],
    [1_767_225_600_123.001, '2026-01-01T00:00:00.123001Z'],
    [1_767_225_600_123 + 0.9999, '2026-01-01T00:00:00.124Z'],
    [253_402_300_799_999, '9999-12-31T23:59:59.999Z'],
  ])('%d is written as %s', (now, text) => {
    expect(toWire(read(now)).start_time).toBe(text);
  });

  it('of a record may be finer than that: it is written to the microsecond', () => {
    const lock = { key: 'a', ownerId: 'o', fencingToken: 1, acquiredAt: 1_767_225_600_000 + 0.9997, expiresAt: 1e15 };
    const open = new ListenerSet({ listeners: [() => {}] }).begin('lock.acquire', orders);
    open?.end('acquired', { lock });
    const wire = toWire(open?.event as Event).lock_information;
    expect(wire?.lock_begin_time).toBe('2026-01-01T00:00:00.001Z');
  });

  it.each([Number.NaN, Infinity, 1e15, -1e15, 8.64e15 + 1])(
    'that RFC 3339 cannot say, such as %d, throws nothing',
    (now) => {
      expect(toWire(read(now)).start_time).toBe('0001-01-01T00:00:00Z');
    },
  );
});

it('the record of a lock counts its acquires, also where nobody said so', () => {
  const open = new ListenerSet({ listeners: [() => {}] }).begin('lock.acquire', orders);
  const lock = { key: 'a', ownerId: 'o', fencingToken: 7, acquiredAt: 1, expiresAt: 2 };
  open?.end('acquired', { lock });
  const event = open?.event as Event;
  expect(snapshot(event).lock).toEqual({ ...lock, depth: 1 });
  expect(decodeEvent(encodeEvent(event)).lock).toEqual({ ...lock, depth: 1 });
});

function eventWith(details: object): Event {
  const open = new ListenerSet({ listeners: [() => {}] }).begin('unknown', orders);
  open?.end('ok', { details: details as Record<string, unknown> });
  return open?.event as Event;
}

function expectFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Date) return;
  expect(Object.isFrozen(value)).toBe(true);
  for (const inner of Object.values(value)) expectFrozen(inner);
}
