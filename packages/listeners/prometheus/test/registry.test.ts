import { AggregatorRegistry, Counter, Registry, register } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';

import { metrics, queued } from '@lockscope/core';

import { MetricNameTakenError, prometheus } from '../src/index.ts';
import { begun, FakeProcess } from './fake-process.ts';
import { parseText } from './text-format.ts';

/** Something of everything in the catalogue. */
function busyProcess(): FakeProcess {
  const app = new FakeProcess({
    names: [{ name: 'orders/{id}', holderLimit: 1, expectedHoldMs: 500 }],
    queues: [queued({ name: 'slow', on: () => {} })],
  });
  app.set.add(function broken() {
    throw new Error('mine');
  });
  app.cycle({ operation: 'GET /order' });
  const lock = app.hold({ operation: 'GET /order', waitMs: 1.5 });
  const renew = begun(lock.child('lease.renew'));
  begun(renew.child('storage.renew')).end('ok');
  renew.end('renewed', { details: { utilization: 0.35, roundTripMs: 2, failures: 0 } });
  const evidence = { sinceConfirmedMs: 1, eventLoopDelayMs: 0, failedRenewals: 0, renewalPending: false };
  begun(lock.child('lease.lost')).end('lost', { details: { reason: 'expired', fencingToken: 1, evidence } });
  const waiter = app.begin({ operation: 'cron:reprice' });
  const acquire = begun(waiter.child('lock.acquire'));
  acquire.action('acquire.contended', { blocker: { ownerId: 'o', operation: 'GET /order' } });
  app.clock.pass(1234);
  const second = app.begin({ operation: 'cron:reprice' });
  begun(second.child('lock.acquire')).end('timeout', {
    details: { attempts: 4, waitMs: 700, contended: true, holding: ['stock/{id}'] },
  });
  begun(app.set.begin('fence.rejected', { lockName: 'orders/{id}', lockKey: 'orders/42' })).end('rejected', {
    details: { fencingToken: 1 },
  });
  return app;
}

const sorted = (text: string): string[] => text.split('\n').filter(Boolean).toSorted();

afterEach(() => register.clear());

describe('the metrics in a registry', () => {
  it('are those of the catalogue, with its names, help, types, labels and buckets', async () => {
    const app = busyProcess();
    const text = await app.registry.metrics();
    const lines = await app.lines();
    for (const { prometheusName: name, help, type, labels, buckets = [] } of Object.values(metrics)) {
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
      const own = lines.filter((line) => line.name === (type === 'histogram' ? `${name}_count` : name));
      expect(own.length, `${name} is recorded`).toBeGreaterThan(0);
      for (const line of own) {
        expect(Object.keys(line.labels)).toEqual(labels.map((label) => label.replaceAll('.', '_')));
        for (const [label, value] of Object.entries(line.labels)) {
          if (label !== 'error_type') expect(value, `${name} has a value for ${label}`).not.toBe('');
        }
      }
      const les = lines.filter((line) => line.name === `${name}_bucket`).map((line) => line.labels['le']);
      expect(new Set(les)).toEqual(new Set(type === 'histogram' ? [...buckets.map(String), '+Inf'] : []));
    }
  });

  it('are the same, line for line, as render() gives', async () => {
    const app = busyProcess();
    expect(sorted(app.listener.render())).toEqual(sorted(await app.registry.metrics()));
    expect(app.listener.render().split('\n').length).toBeGreaterThan(300);
  });

  it('are what Prometheus calls a histogram: buckets never fall, and the last is the count', async () => {
    const lines = await busyProcess().lines();
    for (const { name, labels, value } of lines.filter(({ name: each }) => each.endsWith('_count'))) {
      const bucket = name.replace(/_count$/, '_bucket');
      const own = lines.filter(
        (line) => line.name === bucket && Object.entries(labels).every(([label, of]) => line.labels[label] === of),
      );
      if (own.length === 0) continue;
      const values = own.map((line) => line.value);
      expect(values).toEqual(values.toSorted((a, b) => a - b));
      expect(own.at(-1)).toMatchObject({ labels: { le: '+Inf' }, value });
    }
  });

  it('stand beside the metrics that are there already', async () => {
    const registry = new Registry();
    new Counter({ name: 'mine_total', help: 'Mine.', registers: [registry] }).inc(3);
    const app = new FakeProcess({ registry });
    expect(await app.value('mine_total', {})).toBe(3);
    expect(await app.registry.metrics()).toContain('lock_holder_count');
  });

  it('carry the default labels of the registry', async () => {
    const app = busyProcess();
    app.registry.setDefaultLabels({ service: 'shop', lock_name: 'not this' });
    const labels = { service: 'shop', lock_name: 'orders/{id}', lock_system: 'redis' };
    expect(await app.value('lock_holder_count', labels)).toBe(1);
    const json = await app.registry.getMetricsAsJSON();
    expect(json.find(({ name }) => name === 'lock_holder_count')?.values[0]?.labels).toEqual(labels);
  });

  it('can be read as JSON, where nothing that is done to it reaches the listener', async () => {
    const app = busyProcess();
    const before = await app.registry.metrics();
    const json = await app.registry.getMetricsAsJSON();
    expect(json).toHaveLength(Object.keys(metrics).length);
    const held = json.find(({ name }) => name === 'lock_acquire_duration_seconds');
    expect(held?.values).toContainEqual({
      metricName: 'lock_acquire_duration_seconds_bucket',
      value: 2,
      labels: {
        le: 0.005,
        lock_name: 'orders/{id}',
        lock_system: 'redis',
        lock_mode: 'exclusive',
        lock_outcome: 'acquired',
        lock_contended: 'false',
      },
    });
    for (const metric of json) for (const value of metric.values) Object.assign(value.labels, { lock_name: 'changed' });
    expect(await app.registry.metrics()).toBe(before);
  });

  it('are each there under their name', async () => {
    const app = busyProcess();
    const metric = app.registry.getSingleMetric('lock_holder_count');
    expect(await metric?.get()).toMatchObject({ name: 'lock_holder_count', type: 'gauge', values: [{ value: 1 }] });
    const text = await app.registry.getSingleMetricAsString('lock_lease_lost_total');
    expect(parseText(`${text}\n`)).toHaveLength(5);
  });

  it('are printed as OpenMetrics by a registry of that kind, with one _total', async () => {
    const registry = new Registry();
    const app = new FakeProcess({ registry });
    app.cycle();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as unknown as typeof registry.contentType);
    for (let scrape = 0; scrape < 2; scrape += 1) {
      const text = await registry.metrics();
      expect(text).toContain('# TYPE lock_acquire_attempts counter\nlock_acquire_attempts_total{');
      expect(text).not.toContain('_total_total');
      expect(text.endsWith('# EOF\n')).toBe(true);
    }
    app.listener.close();
    expect(registry.getSingleMetric('lock_acquire_attempts_total')).toBeUndefined();
  });

  it('of several workers become one: counts add up, of ages and limits the greatest holds', async () => {
    const workers = [busyProcess(), busyProcess()];
    workers[1]?.clock.pass(5000);
    const all = AggregatorRegistry.aggregate(
      await Promise.all(workers.map(({ registry }) => registry.getMetricsAsJSON())),
    );
    const lines = parseText(await all.metrics());
    const value = (name: string): number | undefined =>
      lines.find((line) => line.name === name && line.labels['lock_name'] === 'orders/{id}')?.value;
    expect(value('lock_holder_count')).toBe(2);
    expect(value('lock_waiter_count')).toBe(2);
    expect(value('lock_holder_limit')).toBe(1);
    expect(value('lock_hold_expected_seconds')).toBe(0.5);
    expect(value('lock_wait_oldest_age_seconds')).toBe(6.234);
    const timeouts = lines.find(
      (line) =>
        line.name === 'lock_acquire_duration_seconds_sum' &&
        line.labels['lock_outcome'] === 'timeout' &&
        line.value > 0,
    );
    expect(timeouts?.value).toBe(1.4);
  });
});

describe('registries', () => {
  it("prom-client's own register is used when none is given", async () => {
    const listener = prometheus();
    expect(await register.metrics()).toBe(listener.render());
    listener.close();
  });

  it('do not share anything', async () => {
    const one = new FakeProcess();
    const two = new FakeProcess();
    one.cycle();
    expect(await one.sum('lock_hold_duration_seconds_count')).toBe(1);
    expect(await two.sum('lock_hold_duration_seconds_count')).toBe(0);
  });

  it('that have the metrics already are refused with an error that says so, and get no part of them', () => {
    const registry = new Registry();
    registry.registerMetric(new Counter({ name: 'lock_lease_lost_total', help: 'Mine.', registers: [] }));
    const fault = caught(() => prometheus({ registry }));
    expect(fault).toBeInstanceOf(MetricNameTakenError);
    expect(fault).toMatchObject({ code: 'METRIC_NAME_TAKEN', metricNames: ['lock_lease_lost_total'] });
    expect(registry.getMetricsAsArray()).toHaveLength(1);
    const second = new Registry();
    prometheus({ registry: second });
    expect(caught(() => prometheus({ registry: second }))).toMatchObject({
      metricNames: Object.values(metrics).map(({ prometheusName }) => prometheusName),
      message: expect.stringContaining(`and ${Object.keys(metrics).length - 1} more`),
    });
  });

  it('are not needed for render()', () => {
    const listener = prometheus({ registry: false });
    expect(parseText(listener.render()).length).toBeGreaterThan(0);
    expect(listener.contentType).toBe(register.contentType);
    listener.close();
  });

  it('can be cleared under the listener, which goes on', async () => {
    const app = new FakeProcess();
    app.cycle();
    app.registry.clear();
    app.cycle();
    expect(await app.registry.metrics()).toBe('\n');
    expect(app.listener.render()).toMatch(/lock_hold_duration_seconds_count\{.*\} 2\n/);
    app.listener.close();
  });
});

describe('reset', () => {
  it('sets counters and histograms to 0, and leaves the gauges of what is going on', async () => {
    for (const reset of [
      (app: FakeProcess) => app.listener.reset(),
      (app: FakeProcess) => app.registry.resetMetrics(),
    ]) {
      const app = busyProcess();
      const series = (await app.lines()).length;
      reset(app);
      expect(await app.lines()).toHaveLength(series);
      expect(await app.sum('lock_acquire_duration_seconds_count')).toBe(0);
      expect(await app.sum('lock_acquire_duration_seconds_sum')).toBe(0);
      expect(await app.sum('lock_blocked_time_seconds_total')).toBe(0);
      expect(await app.sum('lock_holder_count')).toBe(1);
      expect(await app.sum('lock_waiter_count')).toBe(1);
      expect(await app.sum('lock_holder_limit')).toBe(1);
    }
  });
});

describe('close', () => {
  it('takes its metrics out of the registry, and no others; closing again does nothing', async () => {
    const app = new FakeProcess();
    const mine = new Counter({ name: 'mine_total', help: 'Mine.', registers: [app.registry] });
    app.listener.close();
    app.listener.close();
    expect(app.registry.getMetricsAsArray()).toEqual([mine]);
    const next = prometheus({ registry: app.registry });
    app.listener.close();
    expect(app.registry.getMetricsAsArray()).toHaveLength(1 + Object.keys(metrics).length);
    next.close();
  });

  it('records nothing more, and what was in flight is over', () => {
    const app = busyProcess();
    for (let n = 0; n < 40; n += 1) app.hold({ lockKey: `orders/${n}` });
    app.listener.close();
    const text = app.listener.render();
    expect(text).toContain('lock_holder_count{lock_name="orders/{id}",lock_system="redis"} 0\n');
    expect(text).toContain('lock_waiter_count{lock_name="orders/{id}",lock_system="redis"} 0\n');
    expect(text).toContain('lock_hold_oldest_age_seconds{lock_name="orders/{id}"} 0\n');
    app.cycle();
    app.hold();
    expect(app.listener.render()).toBe(text);
  });
});

describe('the listener', () => {
  it('asks only for what it needs', () => {
    const { listener } = new FakeProcess();
    expect(listener.types).toEqual([
      'lock.create',
      'lock',
      'lock.acquire',
      'lease.renew',
      'lease.lost',
      'fence.rejected',
      'storage.acquire',
      'storage.renew',
      'storage.release',
      'storage.read',
      'storage.leave',
      'storage.force_release',
    ]);
    expect('onStart' in listener).toBe(false);
  });
});

function caught(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return undefined;
}
