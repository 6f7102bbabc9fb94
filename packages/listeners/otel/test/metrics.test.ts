import { metrics as api } from '@opentelemetry/api';
import { DataPointType, MeterProvider } from '@opentelemetry/sdk-metrics';
import { lostReasons, metrics, queued, type EventDetails, type WaitSegment } from '@lockscope/core';
import { afterEach, describe, expect, it } from 'vitest';

import { InvalidOptionsError, otelMetrics, type OtelMetricsOptions } from '../src/index.ts';
import { acquired, blockerWith, released } from './fake-process.ts';
import { ManualReader, MeteredProcess, type Summary } from './metered-process.ts';

const evidence = { sinceConfirmedMs: 1, eventLoopDelayMs: 0, failedRenewals: 0, renewalPending: false };

/** An acquire that waited for `waitMs`, and what became of it. */
function wait(app: MeteredProcess, segments: readonly WaitSegment[] | undefined, more: object = {}): void {
  const lock = app.begin();
  const acquire = lock.child('lock.acquire');
  const blocker = blockerWith(undefined);
  acquire?.action('acquire.contended', { blocker });
  const waitMs = segments?.reduce((sum, { ms }) => sum + ms, 0) ?? 70;
  app.now += waitMs;
  const details = { attempts: 3, waitMs, contended: true, blocker, ...(segments && { segments }), ...more };
  acquire?.end('acquired', { details });
  lock.end('released', { details: { ...released, holdMs: 40 } });
}

/** Everything that an SDK can be told. */
function everything(app: MeteredProcess): void {
  const create: EventDetails['lock.create'] = {
    leaseMs: 1,
    renewEveryMs: 1,
    reentrancy: 'owner',
    scope: 'class',
    expectedHoldMs: 200,
  };
  const init = { lockName: 'orders/{id}', lockKey: 'orders/42', storageName: 'memory' };
  app.listeners.begin('lock.create', init)?.end('ok', { details: create });
  wait(
    app,
    [
      { kind: 'held_by', ms: 5 },
      { kind: 'handoff', ms: 5 },
    ],
    { holding: ['stock/{id}'] },
  );
  const lock = app.begin();
  const acquire = lock.child('lock.acquire');
  acquire?.child('storage.acquire')?.end('ok');
  acquire?.end('acquired', { details: acquired });
  lock.child('lease.renew')?.end('renewed', { details: { utilization: 0.4, roundTripMs: 3, failures: 0 } });
  lock.child('lease.lost')?.end('lost', { details: { reason: 'stolen', fencingToken: 7, evidence } });
  lock.end('lost', { details: { ...released, lostReason: 'stolen' } });
  app.listeners.begin('fence.rejected', init)?.end('rejected');
  const deadlock = app.begin();
  deadlock.child('lock.acquire')?.end('deadlock');
  deadlock.end('deadlock');
}

describe('the metrics', () => {
  it('are those of the catalogue, with its names, units, kinds, bounds and attributes', async () => {
    const broken = { name: 'broken', on: () => Promise.reject(new Error('no')) };
    const app = new MeteredProcess(
      { caps: { operations: 1 }, names: [{ name: 'leader', holderLimit: 1 }], queues: [queued({ name: 'slow' })] },
      [broken],
    );
    everything(app);
    wait(app, [{ kind: 'held_by', ms: 5, blocker: blockerWith(undefined, { operation: 'one more' }) }]);
    await new Promise((resolve) => setImmediate(resolve));
    const told = new Map((await app.reader.metrics()).map((metric) => [metric.descriptor.name, metric]));
    expect([...told.keys()].toSorted()).toEqual(Object.keys(metrics).toSorted());
    for (const [name, { type, unit, help, buckets, labels }] of Object.entries(metrics)) {
      const metric = told.get(name);
      expect([name, metric?.descriptor.unit, metric?.descriptor.description]).toEqual([name, unit, help]);
      const point = metric?.dataPoints[0];
      expect(Object.keys(point?.attributes ?? {}).toSorted()).toEqual([...labels].toSorted());
      if (type === 'histogram') {
        expect(metric?.dataPointType).toBe(DataPointType.HISTOGRAM);
        expect(point?.value).toMatchObject({ buckets: { boundaries: buckets } });
      } else {
        expect(metric?.dataPointType).toBe(
          type === 'gauge' && unit === 's' ? DataPointType.GAUGE : metric?.dataPointType,
        );
        expect(typeof point?.value).toBe('number');
      }
    }
  });

  it('count what happened, in seconds', async () => {
    const app = new MeteredProcess();
    everything(app);
    const at = 'orders/{id} memory';
    expect(await app.series('lock.acquire.duration')).toEqual({
      [`${at} exclusive acquired true`]: { count: 1, sum: 0.01 },
      [`${at} exclusive acquired false`]: { count: 1, sum: 0.002 },
      [`${at} exclusive deadlock false`]: { count: 1, sum: 0 },
    });
    expect(await app.series('lock.hold.duration')).toEqual({
      [`${at} exclusive released`]: { count: 1, sum: 0.04 },
      [`${at} exclusive lost`]: { count: 1, sum: 0.04 },
    });
    expect(await app.series('lock.acquire.attempts')).toEqual({ [`${at} acquired`]: 2, [`${at} busy`]: 2 });
    expect(await app.series('lock.handoff.duration')).toEqual({ [at]: { count: 1, sum: 0.005 } });
    expect(await app.series('lock.lease.utilization')).toEqual({ [at]: { count: 1, sum: 0.4 } });
    expect(await app.series('lock.fencing.rejected')).toEqual({ 'orders/{id}': 1 });
    expect(await app.series('lock.deadlocks')).toEqual({ 'orders/{id}': 1 });
    expect(await app.series('lock.order.edges')).toEqual({ 'stock/{id} orders/{id}': 1 });
    expect(await app.series('lock.hold.expected')).toEqual({ 'orders/{id}': 0.2 });
    expect(await app.series('lock.store.operation.duration')).toEqual({ 'memory acquire ': { count: 1, sum: 0 } });
  });

  it('have a first loss rise from 0', async () => {
    const app = new MeteredProcess();
    app.begin().child('lock.acquire')?.end('acquired', { details: acquired });
    const losses = await app.series('lock.lease.lost');
    expect(losses).toEqual(Object.fromEntries(lostReasons.map((reason) => [`orders/{id} memory ${reason}`, 0])));
    expect(await app.series('lock.deadlocks')).toEqual({ 'orders/{id}': 0 });
  });

  it('have names that were declared from the start', async () => {
    const app = new MeteredProcess({ names: ['jobs', { name: 'leader', holderLimit: 1, expectedHoldMs: 500 }] });
    expect(await app.series('lock.holder.limit')).toEqual({ leader: 1 });
    expect(await app.series('lock.hold.expected')).toEqual({ leader: 0.5 });
    expect(await app.series('lock.fencing.rejected')).toEqual({ jobs: 0, leader: 0 });
    expect(await app.series('lock.wait.oldest.age')).toEqual({ jobs: 0, leader: 0 });
  });
});

describe('blame', () => {
  const busy = (operation: string, ms: number): WaitSegment => ({
    kind: 'held_by',
    ms,
    blocker: blockerWith(undefined, { operation }),
  });

  it('is charged to each that caused a part of the wait, and adds up to the waits', async () => {
    const app = new MeteredProcess();
    wait(app, [
      { kind: 'store', ms: 2 },
      busy('a', 1000),
      { kind: 'handoff', ms: 5 },
      busy('b', 300),
      { kind: 'backoff', ms: 40 },
      { kind: 'local_queue', ms: 9 },
      busy('a', 1),
    ]);
    wait(app, [busy('b', 500)]);
    wait(app, undefined);
    const blame = await app.series('lock.blocked.time');
    const to = (operation: string): string => `orders/{id} ${operation} POST /orders`;
    const near = (value: number): unknown => expect.closeTo(value, 9);
    expect(blame).toEqual({
      [to('_store')]: near(0.002),
      [to('a')]: near(1.001),
      [to('_handoff')]: near(0.005),
      [to('b')]: near(0.8),
      [to('_backoff')]: near(0.04),
      [to('_local')]: near(0.009),
      [to('POST /checkout')]: near(0.07),
    });
    const total = Object.values(blame).reduce<number>((sum, seconds) => sum + (seconds as number), 0);
    const waits = Object.values(await app.series('lock.acquire.duration')) as Summary[];
    expect(total).toBeCloseTo(
      waits.reduce((all, { sum }) => all + sum, 0),
      9,
    );
  });
});

describe('what is going on', () => {
  it('shows while it lasts, with the age of the oldest, and is 0 after any end', async () => {
    const app = new MeteredProcess();
    const at = 'orders/{id} memory';
    const waiting = app.begin();
    const acquire = waiting.child('lock.acquire');
    acquire?.action('acquire.contended', { blocker: blockerWith(undefined) });
    const holder = app.begin();
    holder.child('lock.acquire')?.end('acquired', { details: acquired });
    expect(await app.series('lock.waiter.count')).toEqual({ [at]: 1 });
    expect(await app.series('lock.holder.count')).toEqual({ [at]: 1 });
    await expect.poll(async () => (await app.series('lock.hold.oldest.age'))['orders/{id}']).toBeGreaterThan(0.01);
    expect((await app.series('lock.wait.oldest.age'))['orders/{id}']).toBeGreaterThan(0.01);
    acquire?.end('timeout', { details: { attempts: 1, waitMs: 5, contended: true } });
    waiting.end('timeout');
    holder.end('lost', { details: { ...released, lostReason: 'expired' } });
    expect(await app.series('lock.waiter.count')).toEqual({ [at]: 0 });
    expect(await app.series('lock.holder.count')).toEqual({ [at]: 0 });
    expect(await app.series('lock.wait.oldest.age')).toEqual({ 'orders/{id}': 0 });
    expect(await app.series('lock.hold.oldest.age')).toEqual({ 'orders/{id}': 0 });
  });

  it('is 0 too when a queue dropped the end', async () => {
    const app = new MeteredProcess();
    const lock = app.begin();
    lock.child('lock.acquire')?.end('acquired', { details: acquired });
    // As if this one's end had been dropped on its way.
    Object.assign(app.listener, { on: () => undefined });
    lock.end('released', { details: released });
    await app.series('lock.hold.oldest.age');
    expect(await app.series('lock.holder.count')).toEqual({ 'orders/{id} memory': 0 });
  });
});

describe('caps', () => {
  it('fold what comes after, and count it', async () => {
    const app = new MeteredProcess({
      names: ['declared'],
      caps: { names: 3, operations: 2, blamePairs: 2, orderEdges: 1 },
    });
    for (let n = 0; n < 5; n += 1) {
      const lock = app.begin({ lockName: `n${n}`, operation: `o${n}` });
      const acquire = lock.child('lock.acquire');
      acquire?.action('acquire.contended', { blocker: blockerWith(undefined, { operation: 'x' }) });
      const segments: WaitSegment[] = [
        { kind: 'held_by', ms: 10, blocker: blockerWith(undefined, { operation: 'x' }) },
      ];
      const details = { attempts: 1, waitMs: 10, contended: true, segments, holding: [`n${n + 1}`] };
      acquire?.end('acquired', { details });
      lock.end('released', { details: released });
    }
    const names = Object.keys(await app.series('lock.hold.duration')).map((key) => key.split(' ')[0]);
    expect(names).toEqual(['n0', 'n1', '_other']);
    expect(Object.keys(await app.series('lock.order.edges'))).toEqual(['n1 n0', '_other _other']);
    const blame = await app.series('lock.blocked.time');
    expect(Object.keys(blame).filter((key) => !key.includes('_other'))).toEqual(['n0 x o0']);
    expect(Object.values(blame).reduce<number>((sum, value) => sum + (value as number), 0)).toBeCloseTo(0.05);
    expect(Object.keys(await app.series('lockscope.series.overflow')).toSorted()).toEqual(
      ['blame_pairs', 'names', 'operations', 'order_edges'].toSorted(),
    );
  });

  it('hold for twenty thousand keys that all look like names', async () => {
    const app = new MeteredProcess();
    for (let n = 0; n < 20_000; n += 1) {
      const lock = app.begin({ lockName: `user-${n}`, lockKey: `user-${n}`, operation: `op ${n}` });
      lock.child('lock.acquire')?.end('acquired', { details: acquired });
      lock.end('released', { details: released });
    }
    for (const metric of await app.reader.metrics()) expect(metric.dataPoints.length).toBeLessThanOrEqual(201 * 5);
    expect(await app.series('lockscope.series.overflow')).toEqual({ names: expect.any(Number) });
  }, 30_000);

  it('keep what is no text, too long or unknown out', async () => {
    const app = new MeteredProcess();
    const lock = app.begin({ lockName: 'x'.repeat(1000), storageName: '' });
    lock.child('lock.acquire')?.end('exploded' as 'error', { details: { ...acquired, attempts: Number.NaN } });
    lock.end('released', { details: { ...released, holdMs: Number.NaN } });
    expect(Object.keys(await app.series('lock.acquire.duration'))).toEqual([
      `${'x'.repeat(200)} unknown exclusive _other false`,
    ]);
    expect(Object.values(await app.series('lock.hold.duration'))).toEqual([{ count: 1, sum: 0 }]);
    expect(app.faults).toEqual([]);
  });
});

describe('listeners and queues', () => {
  it('show with what they failed and dropped', async () => {
    const slow = queued({ name: 'slow', on: () => Promise.reject(new Error('no')) }, { capacity: 1 });
    const broken = { name: 'broken', on: () => Promise.reject(new Error('no')) };
    const app = new MeteredProcess({ queues: [slow] }, [broken, slow]);
    app.begin().end('released', { details: released });
    app.begin().end('released', { details: released });
    await slow.flush();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await app.series('lockscope.listener.errors')).toMatchObject({ broken: 2, slow: slow.failed });
    expect(await app.series('lockscope.events.dropped')).toEqual({ 'slow queue': slow.dropped });
    expect(slow.dropped).toBeGreaterThan(0);
  });
});

describe('the provider', () => {
  afterEach(() => api.disable());

  it('may be registered later, and what was held by then is known', async () => {
    const app = new MeteredProcess({ meterProvider: () => api.getMeterProvider() });
    const lock = app.begin();
    lock.child('lock.acquire')?.end('acquired', { details: acquired });
    const reader = new ManualReader();
    api.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    app.begin().child('lock.acquire')?.end('not_acquired');
    const told = await reader.metrics();
    const held = told.find(({ descriptor }) => descriptor.name === 'lock.holder.count');
    expect(held?.dataPoints.map(({ value }) => value)).toEqual([1]);
    expect(app.faults).toEqual([]);
  });

  it('may be absent', () => {
    const app = new MeteredProcess({ meterProvider: () => api.getMeterProvider() });
    everything(app);
    expect(app.faults).toEqual([]);
    expect(otelMetrics().name).toBe('otel-metrics');
  });

  it('is asked nothing any more once the listener is closed', async () => {
    const app = new MeteredProcess();
    everything(app);
    app.listener.close();
    app.listener.close();
    everything(app);
    expect(await app.series('lock.holder.count')).toEqual({});
    expect(await app.series('lock.fencing.rejected')).toEqual({ 'orders/{id}': 1 });
  });
});

describe('options', () => {
  it('that are wrong are all named at once', () => {
    const wrong = {
      meterProvider: {},
      caps: { names: 0, colours: 1 },
      names: ['', { name: 'a', holderLimit: 0, expectedHoldMs: -1 }],
      queues: [null],
      colour: 'red',
    } as unknown as OtelMetricsOptions;
    expect(() => otelMetrics(wrong)).toThrow(
      new InvalidOptionsError([
        'there is no option "colour"; known are meterProvider, names, caps, queues',
        'there is no option "colours"; known are names, operations, blamePairs, orderEdges, systems, errorTypes, listeners',
        'meterProvider must have getMeter()',
        'caps.names must be an integer of at least 1, got 0',
        'names[0].name must be text of 1 to 200 characters',
        'names[1].holderLimit must be an integer of at least 1, got 0',
        'names[1].expectedHoldMs must be above 0 and finite, got -1',
        'queues[0] must be a queue, as queued() makes it',
      ]),
    );
  });
});
