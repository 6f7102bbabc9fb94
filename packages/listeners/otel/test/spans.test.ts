import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { EventDetails, EventOutcomes } from '@lockscope/core';
import { beforeAll, describe, expect, it } from 'vitest';

import { acquired, blockerWith, epochMs, FakeProcess, released, useAsyncContext } from './fake-process.ts';

beforeAll(useAsyncContext);

describe('the span of a possession', () => {
  it('is one internal span below the span of the caller, with the times of the event', () => {
    const app = new FakeProcess();
    const caller = app.provider.getTracer('app').startSpan('POST /orders');
    app.now = 10.25;
    const lock = context.with(trace.setSpan(context.active(), caller), () => app.begin());
    const acquire = lock.child('lock.acquire');
    app.now = 12.5;
    acquire?.end('acquired', { details: acquired });
    app.now = 52.001;
    lock.end('released', { details: released });

    const [span, ...others] = app.spans;
    expect(others).toEqual([]);
    expect(span?.name).toBe('lock orders/{id}');
    expect(span?.kind).toBe(SpanKind.INTERNAL);
    expect(span?.parentSpanContext?.spanId).toBe(caller.spanContext().spanId);
    expect(epochMs(span?.startTime ?? [0, 0])).toBe(lock.event.startedAt);
    expect(epochMs(span?.endTime ?? [0, 0])).toBe(lock.event.endedAt);
    expect(span?.attributes).toEqual({
      'lock.name': 'orders/{id}',
      'lock.key': 'orders/42',
      'lock.mode': 'exclusive',
      'lock.system': 'memory',
      'lock.operation': 'POST /orders',
      'lock.owner.id': 'api-1:4121',
      'lock.outcome': 'released',
      'lock.contended': false,
      'lock.attempts': 1,
      'lock.acquire.duration': 0.002,
      'lock.hold.duration': 0.04,
      'lock.fencing_token': 7,
    });
    expect(span?.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span?.events).toEqual([]);
  });

  it('is a root when the caller has no span', () => {
    const app = new FakeProcess();
    app.begin().end('not_acquired');
    expect(app.span('lock orders/{id}').parentSpanContext).toBeUndefined();
  });

  it('keeps the times of events whose clock began at zero', () => {
    const app = new FakeProcess();
    Object.assign(app, { start: 5 });
    const lock = app.begin();
    app.now = 3;
    lock.end('released', { details: released });
    const { startTime, endTime } = app.span('lock orders/{id}');
    expect([epochMs(startTime), epochMs(endTime)]).toEqual([5, 8]);
  });

  const outcomes: [EventOutcomes['lock'], string | undefined, 'error' | 'unset'][] = [
    ['released', undefined, 'unset'],
    ['not_acquired', undefined, 'unset'],
    ['aborted', 'ABORT_ERR', 'unset'],
    ['timeout', 'LOCK_TIMEOUT', 'error'],
    ['deadlock', 'LOCK_DEADLOCK', 'error'],
    ['error', 'ECONNREFUSED', 'error'],
    ['lost', 'LOCK_LOST', 'error'],
    ['release_failed', 'ECONNRESET', 'error'],
  ];

  it.each(outcomes)('that ended %s with code %s has the status %s', (outcome, code, status) => {
    const app = new FakeProcess();
    const error = code === undefined ? undefined : Object.assign(new Error('what happened'), { code });
    app.begin().end(outcome, { error });
    const span = app.span('lock orders/{id}');
    expect(span.attributes['lock.outcome']).toBe(outcome);
    if (status === 'error') {
      expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'what happened' });
      expect(span.attributes['error.type']).toBe(code);
    } else {
      expect(span.status.code).toBe(SpanStatusCode.UNSET);
      expect(span.attributes).not.toHaveProperty('error.type');
    }
  });

  it('names the class of an error without a code, and the outcome where there is no error', () => {
    const app = new FakeProcess();
    app.begin({ lockName: 'a' }).end('error', { error: new TypeError('no') });
    app.begin({ lockName: 'b' }).end('timeout');
    expect(app.span('lock a').attributes['error.type']).toBe('TypeError');
    expect(app.span('lock b').attributes['error.type']).toBe('timeout');
  });

  it('cuts a text of an error that would fill an exporter', () => {
    const app = new FakeProcess();
    app.begin().end('error', { error: new Error('x'.repeat(100_000)) });
    expect(app.span('lock orders/{id}').status.message?.length).toBeLessThan(1100);
  });
});

describe('the lease of a possession', () => {
  const evidence: EventDetails['lease.lost']['evidence'] = {
    sinceConfirmedMs: 31_000,
    eventLoopDelayMs: 2600,
    failedRenewals: 2,
    renewalPending: true,
    gcMs: 12,
    storageRoundTripMs: 4,
    clockOffsetMs: -250,
    successor: { ownerId: 'api-2:9', fencingToken: 8, operation: 'x'.repeat(10_000) },
  };
  const told = {
    'lock.evidence.since_confirmed': 31,
    'lock.evidence.event_loop_delay': 2.6,
    'lock.evidence.failed_renewals': 2,
    'lock.evidence.gc': 0.012,
    'lock.evidence.storage_round_trip': 0.004,
    'lock.evidence.clock_offset': -0.25,
    'lock.successor.owner.id': 'api-2:9',
    'lock.successor.fencing_token': 8,
  };

  it('shows a loss as a moment on the span, with its reason and what the process was doing', () => {
    const app = new FakeProcess();
    const lock = app.begin();
    app.now = 30_000;
    lock.child('lease.lost')?.end('lost', { details: { reason: 'expired', fencingToken: 7, evidence } });
    app.now = 30_010;
    lock.end('lost', { details: { ...released, lostReason: 'expired' }, error: new Error('lost it') });

    const span = app.span('lock orders/{id}');
    expect(span.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['lease.lost', { 'lock.lost_reason': 'expired', 'lock.fencing_token': 7, ...told }],
    ]);
    expect(epochMs(span.events[0]?.time ?? [0, 0])).toBe(app.start + 30_000);
    expect(span.attributes['lock.lost_reason']).toBe('expired');
    expect(span.status.message).toBe(
      'expired: confirmed last 31 s before, event loop late by 2.6 s, renewals failed: 2',
    );
  });

  it('shows the moment at which it came into danger', () => {
    const app = new FakeProcess();
    const lock = app.begin();
    app.now = 20_000;
    lock.action('lease.suspect', { failures: 1, remainingMs: 10_000 });
    lock.action('lease.recovered', { failures: 1 });
    lock.end('released', { details: released });
    const { events } = app.span('lock orders/{id}');
    expect(events.map(({ name, time }) => [name, epochMs(time)])).toEqual([['lease.suspect', app.start + 20_000]]);
  });

  it('says what brought it close to its end, and what the process was doing', () => {
    const app = new FakeProcess();
    const lock = app.begin();
    app.now = 25_000;
    lock.action('lease.at_risk', { cause: 'loop_blocked', remainingMs: 5000, utilization: 0.83, evidence });
    lock.end('released', { details: released });
    const { events } = app.span('lock orders/{id}');
    expect(events.map(({ name, time, attributes }) => [name, epochMs(time), attributes])).toEqual([
      [
        'lease.at_risk',
        app.start + 25_000,
        { 'lock.risk_cause': 'loop_blocked', 'lock.lease.remaining': 5, 'lock.lease.utilization': 0.83, ...told },
      ],
    ]);
  });

  it('has a span for a renewal that failed, dated back, and none for one that did not', () => {
    const app = new FakeProcess();
    const lock = app.begin();
    const details: EventDetails['lease.renew'] = { utilization: 0.4, roundTripMs: 5, failures: 1 };
    lock.child('lease.renew')?.end('renewed', { details: { ...details, failures: 0 } });
    lock.child('lease.renew')?.end('abandoned');
    app.now = 10_000;
    const failed = lock.child('lease.renew');
    app.now = 10_005;
    failed?.end('failed', { details, error: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) });
    app.now = 11_000;
    lock.end('released', { details: { ...released, renewals: 2 } });

    const renew = app.span('renew orders/{id}');
    expect(renew.parentSpanContext?.spanId).toBe(app.span('lock orders/{id}').spanContext().spanId);
    expect([epochMs(renew.startTime), epochMs(renew.endTime)]).toEqual([app.start + 10_000, app.start + 10_005]);
    expect(renew.status).toEqual({ code: SpanStatusCode.ERROR, message: 'refused' });
    expect(renew.attributes).toMatchObject({ 'lock.outcome': 'failed', 'error.type': 'ECONNREFUSED' });
    expect(app.span('lock orders/{id}').attributes['lock.renewals']).toBe(2);
  });
});

describe('several possessions at once', () => {
  it('keep their spans apart', () => {
    const app = new FakeProcess();
    const locks = ['a', 'b', 'c'].map((lockKey) => ({ lockKey, lock: app.begin({ lockKey, lockName: lockKey }) }));
    for (const { lock } of locks) {
      const acquire = lock.child('lock.acquire');
      acquire?.action('acquire.contended', { blocker: blockerWith(undefined) });
      acquire?.end('acquired', { details: acquired });
    }
    for (const { lock } of locks.toReversed()) lock.end('released', { details: released });
    for (const { lockKey } of locks) {
      const wait = app.span(`wait ${lockKey}`);
      expect(wait.parentSpanContext?.spanId).toBe(app.span(`lock ${lockKey}`).spanContext().spanId);
      expect(wait.attributes['lock.key']).toBe(lockKey);
    }
    expect(app.spans).toHaveLength(6);
    expect(app.faults).toEqual([]);
  });
});
