import { describe, expectTypeOf, it } from 'vitest';

import type {
  actions,
  eventTypes,
  metrics,
  AcquireOutcome,
  ActionName,
  ActionPayloads,
  AttributeName,
  EventDetails,
  EventOutcomes,
  EventType,
  FewValuedAttribute,
  LockMode,
  LostReason,
  MetricDefinition,
  MetricName,
} from '../src/index.ts';

const metric = { type: 'counter', unit: '{thing}', prometheusName: 'things_total', help: 'Things.' } as const;

describe('a label of a metric', () => {
  it('is a few-valued attribute', () => {
    expectTypeOf({ ...metric, labels: ['lock.name', 'error.type'] as const }).toExtend<MetricDefinition>();
    expectTypeOf<FewValuedAttribute>().toExtend<AttributeName>();
  });

  it('cannot be a lock key, an owner or a token', () => {
    // @ts-expect-error a key has as many values as there are orders
    const byKey: MetricDefinition = { ...metric, labels: ['lock.key'] };
    // @ts-expect-error an owner is new for each acquire
    const byOwner: MetricDefinition = { ...metric, labels: ['lock.owner.id'] };
    // @ts-expect-error a token is new for each possession
    const byToken: MetricDefinition = { ...metric, labels: ['lock.fencing_token'] };
    // @ts-expect-error nor anything that is in no catalogue
    const byWhim: MetricDefinition = { ...metric, labels: ['customer'] };
    expectTypeOf([byKey, byOwner, byToken, byWhim]).toEqualTypeOf<MetricDefinition[]>();
    expectTypeOf<'lock.key'>().not.toExtend<FewValuedAttribute>();
    expectTypeOf<'lock.key'>().toExtend<AttributeName>();
  });
});

describe('the catalogue', () => {
  it('says something of every name, and of no other', () => {
    expectTypeOf<keyof typeof eventTypes>().toEqualTypeOf<EventType>();
    expectTypeOf<keyof typeof actions>().toEqualTypeOf<ActionName>();
    expectTypeOf<keyof typeof metrics>().toEqualTypeOf<MetricName>();
    expectTypeOf<keyof EventOutcomes>().toEqualTypeOf<keyof EventDetails>();
    expectTypeOf<ActionName>().toEqualTypeOf<keyof ActionPayloads>();
  });

  it('cannot be changed by those who read it', () => {
    // @ts-expect-error read-only
    eventTypes.lock = eventTypes.unknown;
    // @ts-expect-error read-only, all the way down
    metrics['lock.lease.lost'].help = 'nothing to see here';
    // @ts-expect-error also in lists
    metrics['lock.lease.lost'].labels.push('lock.mode');
  });

  it('has the values of what has few', () => {
    expectTypeOf<LockMode>().toEqualTypeOf<'exclusive' | 'shared' | 'semaphore'>();
    expectTypeOf<LostReason>().toEqualTypeOf<'expired' | 'stolen' | 'forced' | 'unreachable' | 'stalled'>();
    expectTypeOf<EventOutcomes['lock.acquire']>().toEqualTypeOf<AcquireOutcome>();
    expectTypeOf<EventOutcomes['lock']>().not.toExtend<'acquired'>();
    expectTypeOf<'acquired'>().not.toExtend<EventOutcomes['lock']>();
  });
});
