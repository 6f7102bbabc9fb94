import { context, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, ParentBasedSampler, SamplingDecision, type Sampler } from '@opentelemetry/sdk-trace-base';
import type { OpenEvent } from '@lockscope/core';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import type { OtelOptions } from '../src/index.ts';
import { acquired, epochMs, FakeProcess, released, useAsyncContext } from './fake-process.ts';

beforeAll(useAsyncContext);
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A lock that was granted 5 ms after the request. */
function hold(app: FakeProcess, lockKey = 'orders/42'): OpenEvent<'lock'> {
  const lock = app.begin({ lockKey });
  const acquire = lock.child('lock.acquire');
  pass(app, 5);
  acquire?.end('acquired', { details: { ...acquired, waitMs: 5 } });
  return lock;
}

function pass(app: FakeProcess, ms: number): void {
  app.now += ms;
  vi.advanceTimersByTime(ms);
}

const names = (app: FakeProcess): string[] => app.spans.map(({ name }) => name);

describe('a lock that is held for long', () => {
  it('has its own span exported while it is held: it ends where the possession began', () => {
    const app = new FakeProcess();
    const lock = hold(app);
    const offered = lock.traceparent();
    pass(app, 59_999);
    expect(names(app)).toEqual([]);
    pass(app, 1);
    const span = app.span('lock orders/{id}');
    expect(epochMs(span.endTime)).toBe(app.start + 5);
    expect(span.attributes).toMatchObject({
      'lock.outcome': 'acquired',
      'lock.fencing_token': 7,
      'lock.owner.id': 'api-1:4121',
      'lock.attempts': 1,
      'lock.contended': false,
      'lock.acquire.duration': 0.005,
    });
    expect(span.attributes).not.toHaveProperty('lock.hold.duration');
    expect(offered).toContain(span.spanContext().spanId);
    expect(lock.traceparent()).toBe(offered);
  });

  it('has a root span for the hold, from the grant to the release, that links to where it was acquired', () => {
    const app = new FakeProcess();
    const caller = app.provider.getTracer('app').startSpan('leader');
    const lock = context.with(trace.setSpan(context.active(), caller), () => hold(app));
    pass(app, 100_000);
    lock.end('released', { details: { ...released, holdMs: 100_000, renewals: 9 } });
    const acquiring = app.span('lock orders/{id}').spanContext();
    const span = app.span('hold orders/{id}');
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.spanContext().traceId).not.toBe(acquiring.traceId);
    expect([epochMs(span.startTime), epochMs(span.endTime)]).toEqual([app.start + 5, app.start + 100_005]);
    expect(span.links.map((link) => [link.context.traceId, link.context.spanId, link.attributes])).toEqual([
      [
        acquiring.traceId,
        acquiring.spanId,
        {
          'lock.link.type': 'acquired_by',
          'lock.attempts': 1,
          'lock.contended': false,
          'lock.acquire.duration': 0.005,
        },
      ],
    ]);
    expect(span.attributes).toEqual({
      'lock.name': 'orders/{id}',
      'lock.key': 'orders/42',
      'lock.mode': 'exclusive',
      'lock.system': 'memory',
      'lock.operation': 'POST /orders',
      'lock.owner.id': 'api-1:4121',
      'lock.fencing_token': 7,
      'lock.outcome': 'released',
      'lock.hold.duration': 100,
      'lock.renewals': 9,
    });
  });

  it('has what happens to it from then on told there', () => {
    const app = new FakeProcess();
    const lock = hold(app);
    pass(app, 60_000);
    lock.action('lease.suspect', { failures: 1, remainingMs: 10_000 });
    const renewal = { utilization: 0.9, roundTripMs: 5, failures: 1 };
    lock.child('lease.renew')?.end('failed', { details: renewal, error: new Error('no') });
    lock.end('lost', { details: { ...released, lostReason: 'expired' }, error: new Error('lost it') });
    const span = app.span('hold orders/{id}');
    expect(span.events.map(({ name }) => name)).toEqual(['lease.suspect']);
    expect(span.status.message).toBe('lost it');
    expect(app.span('renew orders/{id}').parentSpanContext?.spanId).toBe(span.spanContext().spanId);
    expect(app.span('lock orders/{id}').events).toEqual([]);
  });
});

describe('a hold', () => {
  it('that is short has no span of its own', () => {
    const app = new FakeProcess();
    for (let n = 0; n < 5; n += 1) {
      const lock = hold(app);
      pass(app, 30_000);
      lock.end('released', { details: released });
    }
    pass(app, 200_000);
    expect(names(app)).toEqual(Array.from({ length: 5 }, () => 'lock orders/{id}'));
  });

  it.each<OtelOptions>([{ longHoldMs: Infinity }, { longHoldMs: 1_000_000 }])('is long when %o says so', (options) => {
    const app = new FakeProcess(options);
    const lock = hold(app);
    pass(app, 900_000);
    lock.end('released', { details: released });
    expect(names(app)).toEqual(['lock orders/{id}']);
  });

  it('is judged by itself, however many there are', () => {
    const app = new FakeProcess({ longHoldMs: 1000 });
    const locks = Array.from({ length: 10 }, (_, n) => {
      pass(app, 100);
      return hold(app, `orders/${n}`);
    });
    // The first five have been held for 1,050 ms or more by now.
    pass(app, 500);
    for (const lock of locks) lock.end('released', { details: released });
    const long = app.spans
      .filter(({ name }) => name.startsWith('hold '))
      .map(({ attributes }) => attributes['lock.key']);
    expect(long).toEqual(['orders/0', 'orders/1', 'orders/2', 'orders/3', 'orders/4']);
    expect(app.spans.filter(({ name }) => name.startsWith('lock '))).toHaveLength(10);
  });

  it('leaves one timer for all, which does not keep the process alive, and none once nothing is held', () => {
    const app = new FakeProcess();
    const locks = Array.from({ length: 100 }, () => hold(app));
    expect(vi.getTimerCount()).toBe(1);
    for (const lock of locks) lock.end('released', { details: released });
    pass(app, 60_000);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    const set = vi.spyOn(globalThis, 'setTimeout');
    new FakeProcess().begin().child('lock.acquire')?.end('acquired', { details: acquired });
    const timers = set.mock.results.map(({ value }) => value as NodeJS.Timeout);
    expect(timers.map((timer) => timer.hasRef())).toEqual([false]);
    set.mockRestore();
  });

  it('whose lock was sampled out has none, nor has one that its sampler does not want', () => {
    const off = new FakeProcess({ sampler: new AlwaysOffSampler() });
    const dropped = hold(off);
    expect(vi.getTimerCount()).toBe(0);
    dropped.end('released');

    const sampler: Sampler = {
      shouldSample: (...[, , name]) => ({
        decision: name.startsWith('hold ') ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
      }),
    };
    const app = new FakeProcess({ sampler: new ParentBasedSampler({ root: sampler }) });
    const lock = hold(app);
    pass(app, 70_000);
    lock.end('released', { details: { ...released, holdMs: 70_000 } });
    expect(names(app)).toEqual(['lock orders/{id}']);
    expect(app.span('lock orders/{id}').attributes).toMatchObject({
      'lock.hold.duration': 70,
      'lock.outcome': 'released',
    });
  });

  it('of a lock that was never acquired does not exist', () => {
    const app = new FakeProcess();
    const lock = app.begin();
    lock.child('lock.acquire')?.end('timeout');
    expect(vi.getTimerCount()).toBe(0);
    lock.end('timeout');
  });

  it('survives a tracer that throws when it is told', () => {
    const inner = new FakeProcess().provider.getTracer('x');
    let broken = false;
    const app = new FakeProcess({
      tracerProvider: {
        getTracer: () => ({
          startActiveSpan: inner.startActiveSpan.bind(inner),
          startSpan: (...args) => {
            if (broken) throw new Error('no spans any more');
            return inner.startSpan(...args);
          },
        }),
      },
    });
    hold(app);
    broken = true;
    expect(() => pass(app, 60_000)).not.toThrow();
  });
});
