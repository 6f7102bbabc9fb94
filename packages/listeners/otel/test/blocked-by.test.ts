import { SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { Blocker } from '@lockscope/core';
import { beforeAll, describe, expect, it } from 'vitest';

import { acquired, blockerWith, epochMs, FakeProcess, released, useAsyncContext } from './fake-process.ts';

beforeAll(useAsyncContext);

/** A waiter that saw this blocker, waited 500 ms and got the lock. */
function waitBehind(app: FakeProcess, blocker: Blocker, then: Blocker[] = []): void {
  const lock = app.begin();
  const acquire = lock.child('lock.acquire');
  app.now += 3;
  acquire?.action('acquire.contended', { blocker, queueDepth: 2 });
  let previous = blocker;
  for (const next of then) {
    acquire?.action('acquire.blocker_changed', { previous, blocker: next });
    previous = next;
  }
  app.now += 497;
  acquire?.end('acquired', { details: { ...acquired, attempts: 4, contended: true } });
  lock.end('released', { details: { ...released, contended: true } });
}

const traceparent = (id: number): string =>
  `00-0af7651916cd43dd8448eb211c80319c-${id.toString(16).padStart(16, '0')}-01`;

describe('a wait', () => {
  it('links to the span of the process that had the lock', () => {
    const holder = new FakeProcess();
    const waiter = new FakeProcess();
    const held = holder.begin({ ownerId: 'checkout-7f9c:88' });
    waitBehind(waiter, blockerWith(held.traceparent()));
    held.end('released', { details: released });

    const holding = holder.span('lock orders/{id}').spanContext();
    const wait = waiter.span('wait orders/{id}');
    expect(wait.links).toHaveLength(1);
    expect(wait.links[0]?.context).toEqual({
      traceId: holding.traceId,
      spanId: holding.spanId,
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
    });
    expect(wait.links[0]?.attributes).toMatchObject({
      'lock.link.type': 'blocked_by',
      'lock.blocker.owner.id': 'checkout-7f9c:88',
      'lock.blocker.sampled': true,
    });
    expect(wait.spanContext().traceId).not.toBe(holding.traceId);
  });

  it('is a child of its lock span, starts with the request and ends with the acquire', () => {
    const app = new FakeProcess();
    app.now = 100;
    waitBehind(app, blockerWith(traceparent(1)));
    const wait = app.span('wait orders/{id}');
    expect(wait.parentSpanContext?.spanId).toBe(app.span('lock orders/{id}').spanContext().spanId);
    expect([epochMs(wait.startTime), epochMs(wait.endTime)]).toEqual([app.start + 100, app.start + 600]);
  });

  it('says who stood in the way, in attributes that can be searched', () => {
    const app = new FakeProcess();
    waitBehind(app, blockerWith(traceparent(1)));
    expect(app.span('wait orders/{id}').attributes).toEqual({
      'lock.name': 'orders/{id}',
      'lock.key': 'orders/42',
      'lock.mode': 'exclusive',
      'lock.system': 'memory',
      'lock.operation': 'POST /orders',
      'lock.blocker.owner.id': 'checkout-7f9c:88',
      'lock.blocker.operation': 'POST /checkout',
      'lock.blocker.service': 'checkout',
      'lock.blocker.host': 'node-3',
      'lock.blocker.pid': 88,
      'lock.blocker.fencing_token': 117,
      'lock.blocker.held_for': 2.1,
      'lock.blocker.trace_id': '0af7651916cd43dd8448eb211c80319c',
      'lock.blocker.span_id': '0000000000000001',
      'lock.blocker.sampled': true,
      'lock.queue.depth': 2,
      'lock.outcome': 'acquired',
      'lock.attempts': 4,
    });
  });

  it('has no span when nobody stood in the way', () => {
    const app = new FakeProcess();
    const lock = app.begin();
    const acquire = lock.child('lock.acquire');
    acquire?.action('acquire.attempt', { attempt: 1, result: 'acquired' });
    acquire?.end('acquired', { details: acquired });
    lock.end('released', { details: released });
    expect(app.spans.map(({ name }) => name)).toEqual(['lock orders/{id}']);
  });

  it('makes no span events while it lasts, only the queue is told anew', () => {
    const app = new FakeProcess();
    const lock = app.begin();
    const acquire = lock.child('lock.acquire');
    acquire?.action('acquire.contended', { blocker: blockerWith(undefined), queueDepth: 1 });
    for (const queueDepth of [2, 9, 4]) {
      acquire?.action('acquire.waiting', { waitedMs: 1000, blocker: blockerWith(undefined), queueDepth });
    }
    acquire?.action('acquire.attempt', { attempt: 2, result: 'acquired' });
    acquire?.action('acquire.handed_over', { via: 'notified' });
    acquire?.end('acquired', { details: acquired });
    lock.end('released', { details: released });
    const wait = app.span('wait orders/{id}');
    expect(wait.events).toEqual([]);
    expect(wait.attributes['lock.queue.depth']).toBe(4);
  });

  it.each([
    ['timeout', 'LOCK_TIMEOUT', SpanStatusCode.ERROR],
    ['deadlock', 'LOCK_DEADLOCK', SpanStatusCode.ERROR],
    ['error', 'ECONNRESET', SpanStatusCode.ERROR],
    ['aborted', undefined, SpanStatusCode.UNSET],
    ['not_acquired', undefined, SpanStatusCode.UNSET],
  ] as const)('that ended %s has error.type %s', (outcome, code, status) => {
    const app = new FakeProcess();
    const lock = app.begin();
    const acquire = lock.child('lock.acquire');
    acquire?.action('acquire.contended', { blocker: blockerWith(undefined) });
    const error = Object.assign(new Error('why'), { code: code ?? 'ABORT_ERR' });
    acquire?.end(outcome, { error, details: { ...acquired, contended: true } });
    lock.end(outcome, { error });
    const wait = app.span('wait orders/{id}');
    expect(wait.status.code).toBe(status);
    expect(wait.attributes['error.type']).toBe(code);
    expect(wait.attributes['lock.outcome']).toBe(outcome);
  });
});

describe('later holders', () => {
  it('get a link and a moment each, while the attributes keep telling of the first', () => {
    const app = new FakeProcess();
    waitBehind(app, blockerWith(traceparent(1)), [
      blockerWith(traceparent(2), { ownerId: 'second' }),
      blockerWith(undefined, { ownerId: 'third' }),
      blockerWith(traceparent(1)),
    ]);
    const wait = app.span('wait orders/{id}');
    expect(wait.links.map(({ context }) => context.spanId)).toEqual(['0000000000000001', '0000000000000002']);
    expect(wait.events.map(({ name, attributes }) => [name, attributes?.['lock.blocker.owner.id']])).toEqual([
      ['acquire.blocker_changed', 'second'],
      ['acquire.blocker_changed', 'third'],
      ['acquire.blocker_changed', 'checkout-7f9c:88'],
    ]);
    expect(wait.attributes['lock.blocker.span_id']).toBe('0000000000000001');
    expect(app.listener.droppedLinks).toBe(0);
  });

  it('are capped at 16 by default, and the rest is counted', () => {
    const app = new FakeProcess();
    const crowd = Array.from({ length: 40 }, (_, n) => blockerWith(traceparent(n + 2)));
    waitBehind(app, blockerWith(traceparent(1)), crowd);
    const wait = app.span('wait orders/{id}');
    expect(wait.links).toHaveLength(16);
    expect(wait.links[0]?.context.spanId).toBe('0000000000000001');
    expect(wait.events).toHaveLength(15);
    expect(app.listener.droppedLinks).toBe(25);
  });

  it('are capped where the caller says', () => {
    const app = new FakeProcess({ maxBlockerLinks: 1 });
    waitBehind(app, blockerWith(traceparent(1)), [blockerWith(traceparent(2))]);
    expect(app.span('wait orders/{id}').links).toHaveLength(1);
    expect(app.listener.droppedLinks).toBe(1);
  });

  it('are told without a link by an SDK that takes links only at the start', () => {
    const app = new FakeProcess();
    const tracer = app.provider.getTracer('old');
    const old = new FakeProcess({
      tracerProvider: {
        getTracer: () => ({
          startActiveSpan: tracer.startActiveSpan.bind(tracer),
          startSpan: (...args) => Object.assign(tracer.startSpan(...args), { addLink: undefined }),
        }),
      },
    });
    waitBehind(old, blockerWith(traceparent(1)), [blockerWith(traceparent(2))]);
    expect(old.faults).toEqual([]);
    expect(app.span('wait orders/{id}').links).toHaveLength(1);
    expect(app.span('wait orders/{id}').events).toHaveLength(1);
    expect(old.listener.droppedLinks).toBe(1);
  });
});

describe('what a record says is not trusted', () => {
  const hostile: [string, unknown][] = [
    ['empty', ''],
    ['of another version', '01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ['with upper case', '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01'],
    ['with a zero trace', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['with a zero span', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    ['with a line end', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\n'],
    ['of ten million characters', '0'.repeat(10_000_000)],
    ['that is a number', 42],
    ['that is an object', { length: 55 }],
    ['that is null', null],
  ];

  it.each(hostile)('a trace context %s makes no link and no error', (_, text) => {
    const app = new FakeProcess();
    waitBehind(app, blockerWith(undefined, { traceparent: text as string }));
    const wait = app.span('wait orders/{id}');
    expect(wait.links).toEqual([]);
    expect(wait.attributes).not.toHaveProperty('lock.blocker.trace_id');
    expect(wait.attributes['lock.blocker.owner.id']).toBe('checkout-7f9c:88');
    expect(app.faults).toEqual([]);
  });

  it('long texts are cut, and values of a wrong type left out', () => {
    const app = new FakeProcess();
    const strange = { ownerId: 'x'.repeat(1e6), operation: { a: 1 }, service: 7, pid: 'init', heldForMs: Number.NaN };
    waitBehind(app, strange as unknown as Blocker);
    const { attributes } = app.span('wait orders/{id}');
    expect(String(attributes['lock.blocker.owner.id']).length).toBeLessThan(300);
    for (const name of ['operation', 'service', 'pid', 'held_for']) {
      expect(attributes).not.toHaveProperty(`lock.blocker.${name}`);
    }
    expect(app.faults).toEqual([]);
  });

  it.each([[undefined], [null], ['text']])('a blocker that is %s is a wait behind somebody unknown', (blocker) => {
    const app = new FakeProcess();
    waitBehind(app, blocker as unknown as Blocker, [blocker as unknown as Blocker]);
    expect(app.span('wait orders/{id}').links).toEqual([]);
    expect(app.faults).toEqual([]);
  });
});
