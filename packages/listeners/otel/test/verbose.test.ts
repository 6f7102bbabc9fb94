import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { beforeAll, describe, expect, it } from 'vitest';

import { acquired, epochMs, FakeProcess, released, useAsyncContext } from './fake-process.ts';

beforeAll(useAsyncContext);

/** A lock that was acquired, renewed and released. */
function cycle(app: FakeProcess): void {
  const lock = app.begin();
  const acquire = lock.child('lock.acquire');
  app.now = 5;
  acquire?.end('acquired', { details: { ...acquired, waitMs: 5 } });
  app.now = 100;
  const renewal = lock.child('lease.renew');
  app.now = 103;
  renewal?.end('renewed', { details: { utilization: 0.4, roundTripMs: 3, failures: 0 } });
  app.now = 200;
  const release = lock.child('lock.release');
  app.now = 202;
  release?.end('released', { details: { holdMs: 195, fencingToken: 7 } });
  lock.end('released', { details: released });
}

describe('a verbose listener', () => {
  it('has a span for each operation, below that of the lock, with the times of the event', () => {
    const app = new FakeProcess({ verbose: true });
    cycle(app);
    const lock = app.span('lock orders/{id}').spanContext().spanId;
    const told = app.spans.filter(({ name }) => !name.startsWith('lock '));
    expect(told.map(({ name, startTime, endTime }) => [name, epochMs(startTime), epochMs(endTime)])).toEqual([
      ['acquire orders/{id}', app.start, app.start + 5],
      ['renew orders/{id}', app.start + 100, app.start + 103],
      ['release orders/{id}', app.start + 200, app.start + 202],
    ]);
    for (const { parentSpanContext, status } of told) {
      expect(parentSpanContext?.spanId).toBe(lock);
      expect(status.code).toBe(SpanStatusCode.UNSET);
    }
    expect(app.span('acquire orders/{id}').attributes).toMatchObject({
      'lock.outcome': 'acquired',
      'lock.attempts': 1,
      'lock.contended': false,
      'lock.acquire.duration': 0.005,
    });
    expect(app.span('renew orders/{id}').attributes['lock.lease.utilization']).toBe(0.4);
    expect(app.span('release orders/{id}').attributes['lock.hold.duration']).toBe(0.195);
  });

  it('shows which operation failed', () => {
    const app = new FakeProcess({ verbose: true });
    const lock = app.begin();
    lock.child('lock.acquire')?.end('error', { error: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) });
    lock.end('error', { error: new Error('no') });
    const span = app.span('acquire orders/{id}');
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no' });
    expect(span.attributes).toMatchObject({ 'lock.outcome': 'error', 'error.type': 'ECONNREFUSED' });
  });

  it('is not what one gets by default', () => {
    const app = new FakeProcess();
    cycle(app);
    expect(app.spans.map(({ name }) => name)).toEqual(['lock orders/{id}']);
  });
});

describe('a write that was refused for its token', () => {
  it('is a moment of the span in which it was tried', () => {
    const app = new FakeProcess();
    const writing = app.provider.getTracer('app').startSpan('UPDATE orders');
    context.with(trace.setSpan(context.active(), writing), () => {
      const rejected = app.listeners.begin('fence.rejected', { lockName: 'orders/{id}', lockKey: 'orders/42' });
      rejected?.end('rejected', { details: { fencingToken: 7, currentToken: 9, resource: 'orders' } });
    });
    writing.end();
    expect(app.span('UPDATE orders').events.map(({ name, attributes }) => [name, attributes])).toEqual([
      [
        'fence.rejected',
        {
          'lock.name': 'orders/{id}',
          'lock.key': 'orders/42',
          'lock.mode': 'exclusive',
          'lock.fencing_token': 7,
          'lock.fence.current_token': 9,
          'lock.fence.resource': 'orders',
        },
      ],
    ]);
  });

  it('is told nowhere when there is no span to tell it in', () => {
    const app = new FakeProcess();
    app.listeners.begin('fence.rejected', { lockName: 'a', lockKey: 'a' })?.end('rejected');
    expect(app.spans).toEqual([]);
    expect(app.faults).toEqual([]);
  });
});
