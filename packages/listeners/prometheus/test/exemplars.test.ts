import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';

import { ListenerSet, type Listener, type WaitSegment } from '@lockscope/core';

import { begun, FakeProcess, possession } from './fake-process.ts';

const trace = (digit: string, sampled = true): string =>
  `00-${digit.repeat(32)}-${digit.repeat(16)}-0${sampled ? 1 : 0}`;

/** A process whose trees have the trace contexts that a test gives. */
function traced(registry: Registry = new Registry()): { app: FakeProcess; tell: (given: Told) => void } {
  const app = new FakeProcess({ registry });
  let next: string | undefined;
  const tracer: Listener = { name: 'tracer', types: ['lock'], traceparent: () => next };
  const set = new ListenerSet({ listeners: [app.listener, tracer], clock: app.clock });
  const tell = ({ traceparent, waitMs = 2, holdMs = 20, segments }: Told): void => {
    next = traceparent;
    const lock = begun(set.begin('lock', { lockName: 'orders/{id}', lockKey: 'orders/42', storageName: 'redis' }));
    lock.traceparent();
    app.clock.pass(waitMs);
    const details = { attempts: 1, waitMs, contended: segments !== undefined, ...(segments && { segments }) };
    begun(lock.child('lock.acquire')).end('acquired', { details });
    app.clock.pass(holdMs);
    lock.end('released', { details: possession({ holdMs }) });
  };
  return { app, tell };
}

interface Told {
  readonly traceparent?: string;
  readonly waitMs?: number;
  readonly holdMs?: number;
  readonly segments?: readonly WaitSegment[];
}

const heldBy = (traceparent: string): WaitSegment => ({
  kind: 'held_by',
  ms: 1,
  blocker: { ownerId: 'o', traceparent },
});

const exemplars = (app: FakeProcess): string[] =>
  app.listener
    .render({ openMetrics: true })
    .split('\n')
    .filter((line) => line.includes(' # {'))
    .map((line) => line.replace(/^(\w+)\{le="([^"]+)".*\} (\d+) # /, '$1 $2 $3 '));

describe('exemplars', () => {
  it('lead from a bucket of acquires to the waiter and to who it waited for last, and of holds to the holder', () => {
    const { app, tell } = traced();
    tell({
      traceparent: trace('a'),
      waitMs: 70,
      segments: [heldBy(trace('b')), heldBy(trace('c')), { kind: 'handoff', ms: 1 }],
    });
    const ids = `trace_id="${'a'.repeat(32)}",span_id="${'a'.repeat(16)}"`;
    expect(exemplars(app)).toEqual([
      `lock_acquire_duration_seconds_bucket 0.1 1 {${ids},blocker_trace_id="${'c'.repeat(32)}"} 0.07 1767225605.07`,
      `lock_hold_duration_seconds_bucket 0.05 1 {${ids}} 0.02 1767225605.09`,
    ]);
  });

  it('keep to the 128 characters that OpenMetrics allows', () => {
    const { app, tell } = traced();
    tell({ traceparent: trace('a'), segments: [heldBy(trace('b'))] });
    for (const line of exemplars(app)) {
      const labels = /\{(.*)\}/.exec(line)?.[1] ?? '';
      expect(labels.replaceAll(/[=",]/g, '').length).toBeLessThanOrEqual(128);
      expect(labels.length).toBeGreaterThan(60);
    }
  });

  it('are those of the latest observation in each bucket, and no more than one each', () => {
    const { app, tell } = traced();
    for (const digit of ['1', '2', '3'])
      for (const waitMs of [3, 30, 999_999]) tell({ traceparent: trace(digit), waitMs });
    const acquires = exemplars(app).filter((line) => line.includes('acquire'));
    expect(acquires.map((line) => line.split(' ', 2)[1])).toEqual(['0.005', '0.05', '+Inf']);
    for (const line of acquires) expect(line).toContain('3'.repeat(32));
  });

  it('lead to no trace that was not sampled', () => {
    const { app, tell } = traced();
    tell({ traceparent: trace('a', false) });
    tell({});
    expect(exemplars(app)).toEqual([]);
    tell({ traceparent: trace('a'), segments: [heldBy(trace('b', false))] });
    expect(exemplars(app)).toHaveLength(2);
    expect(exemplars(app).join()).not.toContain('blocker_trace_id');
  });

  it.each(['', 'x'.repeat(55), `${trace('b')}"`, trace('0'), 'é'.repeat(100_000), '00-\n"}'])(
    'take no part of a blocker whose trace context is malformed',
    (hostile) => {
      const { app, tell } = traced();
      tell({ traceparent: trace('a'), segments: [heldBy(hostile)] });
      expect(exemplars(app).join()).not.toContain('blocker_trace_id');
      expect(exemplars(app)).toHaveLength(2);
    },
  );

  it.each(['13579bdf', '02468ace'])('follow the flag of sampling: %s', (digits) => {
    for (const digit of digits) {
      const { app, tell } = traced();
      tell({ traceparent: `${trace('a').slice(0, 54)}${digit}` });
      expect(exemplars(app)).toHaveLength(digits.startsWith('1') ? 2 : 0);
    }
  });

  it('are in the registry only where it prints OpenMetrics, and then the same as render() gives', async () => {
    const registry = new Registry();
    const { app, tell } = traced(registry);
    tell({ traceparent: trace('a'), waitMs: 70, segments: [heldBy(trace('b'))] });
    expect(await registry.metrics()).not.toContain('trace_id');
    expect(app.listener.render()).not.toContain('trace_id');
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as unknown as typeof registry.contentType);
    const text = await registry.metrics();
    expect(text).toContain('blocker_trace_id');
    const rendered = app.listener.render({ openMetrics: true });
    const sorted = (lines: string): string[] => lines.split('\n').toSorted();
    expect(sorted(rendered)).toEqual(sorted(text));
    expect(rendered.endsWith('\n# EOF\n')).toBe(true);
    expect(app.listener.openMetricsContentType).toBe(Registry.OPENMETRICS_CONTENT_TYPE);
  });

  it('go with a reset', () => {
    const { app, tell } = traced();
    tell({ traceparent: trace('a') });
    app.listener.reset();
    expect(exemplars(app)).toEqual([]);
  });
});
