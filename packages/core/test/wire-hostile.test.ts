import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeEvent, encodeEvent, EventFormatError, toWire } from '../src/index.ts';
import { anyEvent } from './any-event.ts';

const line = {
  id: 'e1',
  lock_id: 'orders/42',
  start_time: '2026-02-03T10:20:30Z',
  event_type: 2,
  actions: [{ name: 'acquire.attempt', payload_map: { attempt: 1, result: 'busy' } }],
};

/** What reading gives: an event, or the field that is wrong. Anything else than an EventFormatError fails the test. */
function read(input: unknown): string {
  try {
    return `an event of type ${decodeEvent(input as object).type}`;
  } catch (error) {
    if (!(error instanceof EventFormatError)) throw error;
    expect(error).toMatchObject({ name: 'EventFormatError', code: 'EVENT_FORMAT' });
    expect(error.message.startsWith(`not an event: ${error.field} `)).toBe(true);
    return error.field;
  }
}

describe('what is no event is refused with the field that is wrong', () => {
  it.each([
    ['nothing', '', 'the text'],
    ['text', 'a log line', 'the text'],
    ['half a line', JSON.stringify(line).slice(0, -5), 'the text'],
    ['two lines', `${JSON.stringify(line)}\n${JSON.stringify(line)}`, 'the text'],
    ['a number', '42', 'the whole'],
    ['null', 'null', 'the whole'],
    ['a list', `[${JSON.stringify(line)}]`, 'the whole'],
    ['no text and no object', 42, 'the whole'],
    ['null itself', null, 'the whole'],
    ['a list itself', [line], 'the whole'],
    ['a function', () => line, 'the whole'],
    ['an empty object', {}, 'start_time'],
  ])('%s', (_what, input, field) => {
    expect(read(input)).toBe(field);
  });

  it.each([
    ['id', undefined],
    ['id', ''],
    ['id', 42],
    ['lock_id', undefined],
    ['lock_id', {}],
    ['start_time', undefined],
    ['start_time', 1_767_225_600_000],
    ['start_time', '0001-01-01T00:00:00Z'],
    ['start_time', '2026-13-01T00:00:00Z'],
    ['start_time', '2026-02-03 10:20:30'],
    ['event_type', undefined],
    ['event_type', '2'],
    ['actions', {}],
    ['actions', 'none'],
    ['actions[0]', [null]],
    ['actions[1]', [{ name: 'a' }, []]],
    ['actions[0].name', [{}]],
    ['actions[0].name', [{ name: '' }]],
    ['actions[0].name', [{ name: 7 }]],
  ])('%s when it is wrong: %j', (field, value) => {
    expect(read({ ...line, [field.replace(/\[.*/, '')]: value })).toBe(field);
  });

  it('an id and a key of more than 512 characters, the most that any storage takes', () => {
    for (const field of ['id', 'lock_id']) {
      expect(read({ ...line, [field]: 'x'.repeat(512) })).toBe('an event of type lock.acquire');
      expect(read({ ...line, [field]: 'x'.repeat(513) })).toBe(field);
    }
  });

  it('text that is not JSON says what was wrong with it', () => {
    expect(() => decodeEvent('{')).toThrow(expect.objectContaining({ cause: expect.any(SyntaxError) as SyntaxError }));
  });

  it('an object that cannot be read', () => {
    const shy = {
      ...line,
      get lock_id(): never {
        throw new Error('gotcha');
      },
    };
    expect(read(shy)).toBe('the whole');
  });
});

describe('what is wrong but not needed is left out', () => {
  it.each([
    ['root_id', 7],
    ['parent_id', {}],
    ['owner_id', null],
    ['end_time', 'soon'],
    ['duration_ms', -5],
    ['duration_ms', 'long'],
    ['lock_mode', 'borrowed'],
    ['lock_name', []],
    ['outcome', 7],
    ['details', 'many'],
    ['details', []],
    ['err', 7],
    ['lock_information', 'mine'],
    ['watch_dog_id', 7],
    ['of_another_version', true],
  ])('%s: %j', (field, value) => {
    expect(decodeEvent({ ...line, [field]: value })).toEqual(decodeEvent(line));
  });

  it.each([
    [-5, 1000],
    ['long', 1000],
    [Infinity, 1000],
    [0, 0],
    [999.5, 999.5],
  ])('a length of %j between two times is %d', (duration_ms, durationMs) => {
    const event = decodeEvent({ ...line, end_time: '2026-02-03T10:20:31Z', duration_ms });
    expect(event.durationMs).toBe(durationMs);
  });

  it('an end before the start makes no negative length', () => {
    expect(decodeEvent({ ...line, end_time: '2026-02-03T10:20:29Z' }).durationMs).toBe(0);
  });

  it('a token that is no number takes the record with it', () => {
    const lock = { lock_id: 'a', owner_id: 'o', lock_begin_time: line.start_time, lease_expire_time: line.start_time };
    expect(decodeEvent({ ...line, lock_information: { ...lock, version: 3 } }).lock?.fencingToken).toBe(3);
    for (const version of [Infinity, Number.NaN, '3', null, undefined])
      expect(decodeEvent({ ...line, lock_information: { ...lock, version } })).not.toHaveProperty('lock');
  });

  it('a type of a later version is unknown', () => {
    expect(read({ ...line, type: 'lock.borrow' })).toBe('an event of type unknown');
    expect(read({ ...line, type: 'toString' })).toBe('an event of type unknown');
    expect(read({ ...line, type: '__proto__' })).toBe('an event of type unknown');
  });

  it('a name of an action that every object has is not taken for ours', () => {
    const { actions } = decodeEvent({ ...line, actions: [{ name: 'constructor' }, { name: 'toString' }] });
    expect(actions.map(({ name }) => name)).toEqual(['foreign', 'foreign']);
  });
});

describe('what is large', () => {
  it('takes 10,000 actions and not one more', () => {
    const actions = Array.from({ length: 10_000 }, () => ({ name: 'a' }));
    expect(read({ ...line, actions })).toBe('an event of type lock.acquire');
    expect(read({ ...line, actions: [...actions, { name: 'a' }] })).toBe('actions');
  });

  it('may be 10 MB', () => {
    const big = 'x'.repeat(10_000_000);
    expect(read(big)).toBe('the text');
    expect(read(JSON.stringify({ ...line, id: big }))).toBe('id');
    expect(read(JSON.stringify({ ...line, ignored: big }))).toBe('an event of type lock.acquire');
    expect(read(JSON.stringify({ ...line, start_time: big }))).toBe('start_time');
    expect(read(JSON.stringify({ ...line, start_time: `2026-02-03T10:20:30.${'0'.repeat(10_000_000)}Z` }))).toBe(
      'start_time',
    );
  });

  it.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
    ['tags', '{"$number":', '}'],
    ['lists in tags', '{"$number":[', ']}'],
    ['causes', '{"cause":', '}'],
    ['members', '{"errors":[', ']}'],
  ])('may be 100,000 %s deep, wherever it stands', (_what, open, close) => {
    const deep = `${open.repeat(100_000)}1${close.repeat(100_000)}`;
    const rest = JSON.stringify(line).slice(0, -1);
    expect(read(deep)).not.toBe('an event of type lock.acquire');
    for (const field of ['details', 'err', 'lock_information', 'ignored', 'outcome'])
      expect(read(`${rest},"${field}":${deep}}`), field).toBe('an event of type lock.acquire');
    expect(read(`${rest},"actions":[{"name":"a","payload_map":{"a":${deep}},"err":${deep}}]}`)).toBe(
      'an event of type lock.acquire',
    );
    expect(read(`${rest},"actions":${deep}}`)).toMatch(/^actions/);
  });
});

describe('keys and tags that mean harm', () => {
  it('change no prototype, neither of the event nor of anything else', () => {
    const hostile = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const text = `${JSON.stringify(line).slice(0, -1)},"__proto__":{"polluted":1,"owner_id":"mallory"},"details":${hostile},"err":${hostile},"actions":[{"name":"a","payload_map":${hostile}}]}`;
    const event = decodeEvent(text);
    expect(event).not.toHaveProperty('ownerId');
    for (const value of [event, event.details, event.error, event.actions[0]?.payload, {}]) {
      expect(value).not.toHaveProperty('polluted');
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    }
  });

  it('make a payload no less a record', () => {
    for (const tag of [{ $bigint: '1' }, { $number: 'NaN' }, { $date: null }]) {
      const event = decodeEvent({ ...line, details: tag, actions: [{ name: 'a', payload_map: tag }] });
      expect(event.details).toEqual(tag);
      expect(event.actions[0]?.payload).toEqual(tag);
    }
  });

  it.each([
    [{ $bigint: '1n' }],
    [{ $bigint: 1 }],
    [{ $number: [] }],
    [{ $date: 7 }],
    [{ $other: '1' }],
    [{ $bigint: '1', $number: 'NaN' }],
  ])('that are no tags of ours stay what they are: %j', (value) => {
    expect(decodeEvent({ ...line, details: { value } }).details).toEqual({ value });
  });

  it('make no integer that takes seconds to make', () => {
    const value = { $bigint: '9'.repeat(4097) };
    expect(decodeEvent({ ...line, details: { value } }).details).toEqual({ value });
  });
});

describe('reading throws nothing but an EventFormatError', () => {
  it('whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true }),
        (input) => {
          read(input);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('whatever text it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => void read(text)),
      { numRuns: 1000 },
    );
  });

  it('whatever stands in a field, and what it does read can be written and read again', () => {
    const fields = Object.keys(toWire(decodeEvent(line)));
    const change = fc.dictionary(fc.constantFrom(...fields), fc.oneof(fc.anything(), fc.jsonValue()), { maxKeys: 4 });
    fc.assert(
      fc.property(change, (changed) => {
        if (!read({ ...line, ...changed }).startsWith('an event')) return;
        const event = decodeEvent({ ...line, ...changed });
        expect(read(encodeEvent(event))).toBe(`an event of type ${event.type}`);
      }),
      { numRuns: 1000 },
    );
  });

  it('when a character of a good line is changed', () => {
    fc.assert(
      fc.property(anyEvent, fc.nat(), fc.string({ maxLength: 1 }), (event, place, character) => {
        const good = encodeEvent(event);
        const at = place % good.length;
        read(`${good.slice(0, at)}${character}${good.slice(at + 1)}`);
      }),
      { numRuns: 300 },
    );
  });
});
