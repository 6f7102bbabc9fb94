import { context, trace } from '@opentelemetry/api';
import { beforeAll, describe, expect, it } from 'vitest';

import { FakeProcess, released, useAsyncContext } from './fake-process.ts';

beforeAll(useAsyncContext);

describe('code that runs inside a lock', () => {
  it('has its spans below the span of the lock, also after an await', async () => {
    const app = new FakeProcess();
    const tracer = app.provider.getTracer('app');
    const lock = app.begin();
    await lock.around(async () => {
      tracer.startSpan('first').end();
      await Promise.resolve();
      tracer.startSpan('second').end();
    });
    tracer.startSpan('outside').end();
    lock.end('released', { details: released });
    const { spanId } = app.span('lock orders/{id}').spanContext();
    expect(app.span('first').parentSpanContext?.spanId).toBe(spanId);
    expect(app.span('second').parentSpanContext?.spanId).toBe(spanId);
    expect(app.span('outside').parentSpanContext).toBeUndefined();
  });

  it('has the same span when it runs around an event below the lock', () => {
    const app = new FakeProcess();
    const lock = app.begin();
    const current = lock.child('lock.acquire')?.around(() => trace.getActiveSpan()?.spanContext());
    lock.end('released');
    expect(current?.spanId).toBe(app.span('lock orders/{id}').spanContext().spanId);
  });

  it('keeps what the caller had in its context', () => {
    const app = new FakeProcess();
    const key = Symbol('tenant');
    const lock = app.begin();
    context.with(context.active().setValue(key, 'acme'), () => {
      expect(lock.around(() => context.active().getValue(key))).toBe('acme');
    });
  });

  it('throws and rejects as if nobody listened, and the context is given back', async () => {
    const app = new FakeProcess();
    const lock = app.begin();
    const fault = new Error('mine');
    expect(() =>
      lock.around(() => {
        throw fault;
      }),
    ).toThrow(fault);
    await expect(lock.around(() => Promise.reject(fault))).rejects.toBe(fault);
    expect(trace.getActiveSpan()).toBeUndefined();
    expect(app.faults).toEqual([]);
  });

  it('runs when the lock is over', () => {
    const app = new FakeProcess();
    const lock = app.begin();
    lock.end('released');
    expect(lock.around(() => trace.getActiveSpan())).toBeUndefined();
  });
});
