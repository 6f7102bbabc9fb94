import * as fc from 'fast-check';

import {
  eventTypes,
  ListenerSet,
  type Event,
  type EventType,
  type LockSnapshot,
  type OpenEvent,
} from '../src/index.ts';

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.constant('\ud83d lone'));
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 });
const key = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('$', '$$', '$bigint', '$$date', '$number', 'constructor', 'toString', 'then', 'id', '0', ''),
  )
  .filter((chosen) => chosen !== '__proto__');

/** Data of every kind that a payload can carry. A key `__proto__` is not one: it is left out on purpose. */
export const anyData: fc.Arbitrary<unknown> = fc.letrec<{ data: unknown }>((tie) => ({
  data: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      text,
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      fc.double(),
      fc.bigInt(),
      fc.date({ noInvalidDate: false }),
    ),
    fc.array(tie('data'), { maxLength: 4 }),
    fc.dictionary(key, tie('data'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).data;

export const anyPayload: fc.Arbitrary<Record<string, unknown>> = fc.dictionary(key, anyData, {
  maxKeys: 5,
  noNullPrototype: true,
});

const anyThrown: fc.Arbitrary<unknown> = fc.letrec<{ thrown: unknown }>((tie) => ({
  thrown: fc.oneof(
    { maxDepth: 10, depthSize: 'small', withCrossShrink: true },
    fc.oneof(text, fc.integer(), fc.constant(null)),
    fc
      .tuple(text, fc.option(fc.oneof(text, fc.integer())), tie('thrown'))
      .map(([message, code, cause]) => Object.assign(new TypeError(message, { cause }), { code })),
    fc
      .tuple(text, fc.array(tie('thrown'), { maxLength: 10 }))
      .map(([message, errors]) => new AggregateError(errors, message)),
  ),
})).thrown;

/** To the microsecond where numbers have room for it, in whole milliseconds from the year 1 to the year 9998. */
const moment = fc.oneof(
  fc.integer({ min: -3.9e15, max: 3.9e15 }).map((micros) => micros / 1000),
  fc.integer({ min: Date.parse('0001-01-02T00:00:00Z'), max: Date.parse('9998-12-31T23:59:59Z') }),
);

const lock: fc.Arbitrary<LockSnapshot> = fc.record(
  {
    key: name,
    ownerId: text,
    fencingToken: fc.maxSafeNat(),
    depth: fc.nat(),
    acquiredAt: moment,
    expiresAt: moment,
  },
  { requiredKeys: ['key', 'ownerId', 'fencingToken', 'acquiredAt', 'expiresAt'] },
);

const init = fc.record(
  {
    lockName: name,
    lockKey: name,
    ownerId: name,
    operation: name,
    storageName: name,
    mode: fc.constantFrom('exclusive' as const, 'shared' as const, 'semaphore' as const),
  },
  { requiredKeys: ['lockName', 'lockKey'] },
);

const step = fc.record(
  {
    name: fc.constantFrom('acquire.attempt' as const, 'acquire.waiting' as const, 'lock.reentered' as const),
    payload: anyPayload,
    passMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    error: anyThrown,
  },
  { requiredKeys: ['name', 'payload', 'passMs'] },
);

/** An event of any type as the writing side makes it: a root or a child, running or ended, with anything in it. */
export const anyEvent: fc.Arbitrary<Event> = fc
  .record({
    type: fc.constantFrom(...(Object.keys(eventTypes) as EventType[])),
    init,
    startsAt: moment,
    asChild: fc.boolean(),
    watchdogId: fc.option(name, { nil: undefined }),
    steps: fc.array(step, { maxLength: 4 }),
    end: fc.option(
      fc.record(
        {
          outcome: name,
          details: anyPayload,
          error: anyThrown,
          lock,
          passMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
        },
        { requiredKeys: ['outcome', 'passMs'] },
      ),
      { nil: undefined },
    ),
  })
  .map(({ type, init: known, startsAt, asChild, watchdogId, steps, end }) => {
    let monotonic = 1000;
    const set = new ListenerSet({
      listeners: [() => {}],
      clock: { now: () => startsAt, monotonic: () => monotonic },
    });
    const root = set.begin(type, known) as OpenEvent;
    const open = asChild ? (root.child(type, watchdogId === undefined ? {} : { watchdogId }) as OpenEvent) : root;
    for (const { name: action, payload, passMs, error } of steps) {
      const from = monotonic;
      monotonic += passMs;
      open.action(action, payload as never, { from, error });
    }
    if (end !== undefined) {
      monotonic += end.passMs;
      open.end(end.outcome, end);
    }
    return open.event as Event;
  });
