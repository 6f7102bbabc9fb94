import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { ToWorker } from '../src/messages.ts';
import { MetricsPool } from '../src/metrics-pool.ts';
import { readMetrics, total } from './prometheus-text.ts';

/** A worker with a registry that answers at once, unless it is stuck. */
class FakeWorker {
  readonly name: string;
  readonly #registry = new Registry();
  readonly #shared = { registers: [this.#registry], help: 'Help.' };
  readonly losses = new Counter({ ...this.#shared, name: 'losses_total', labelNames: ['lock'] });
  readonly held = new Gauge({ ...this.#shared, name: 'held' });
  readonly waits = new Histogram({ ...this.#shared, name: 'wait_seconds', buckets: [0.1, 1] });
  stuck = false;

  constructor(name: string) {
    this.name = name;
  }

  send(message: ToWorker): void {
    if (message.kind !== 'metrics' || this.stuck) return;
    const { id } = message;
    void this.#registry.getMetricsAsJSON().then((metrics) => pool.answered(id, metrics));
  }
}

let workers: FakeWorker[];
let pool: MetricsPool;

beforeEach(() => {
  workers = [new FakeWorker('a'), new FakeWorker('b')];
  pool = new MetricsPool(() => workers);
});

afterEach(() => {
  vi.useRealTimers();
});

it('adds up what the workers count', async () => {
  const [a, b] = workers as [FakeWorker, FakeWorker];
  a.losses.inc({ lock: 'x' }, 2);
  b.losses.inc({ lock: 'x' }, 3);
  b.losses.inc({ lock: 'y' });
  a.held.set(1);
  b.held.set(1);
  a.waits.observe(0.05);
  b.waits.observe(5);
  const samples = readMetrics(await pool.text());
  expect(samples.get('losses_total{lock="x"}')).toBe(5);
  expect(samples.get('losses_total{lock="y"}')).toBe(1);
  expect(samples.get('held')).toBe(2);
  expect(samples.get('wait_seconds_bucket{le="0.1"}')).toBe(1);
  expect(samples.get('wait_seconds_count')).toBe(2);
});

it('keeps what a dead worker has counted, and forgets what it had in flight', async () => {
  const [a, b] = workers as [FakeWorker, FakeWorker];
  a.losses.inc({ lock: 'x' }, 2);
  a.held.set(1);
  a.waits.observe(0.5);
  b.losses.inc({ lock: 'x' });
  await pool.refresh();
  workers = [b];
  await pool.retire('a');
  const samples = readMetrics(await pool.text());
  expect(samples.get('losses_total{lock="x"}')).toBe(3);
  expect(samples.get('wait_seconds_count')).toBe(1);
  expect(samples.get('held')).toBe(0);
});

it('has each count once at any time while several workers die', async () => {
  workers = Array.from({ length: 6 }, (_, n) => new FakeWorker(`w${n}`));
  for (const worker of workers) worker.losses.inc({ lock: 'x' });
  await pool.refresh();
  const dying = workers;
  workers = [];
  const retired = dying.map(({ name }) => pool.retire(name));
  for (let n = 0; n < 10; n += 1) expect(total(readMetrics(await pool.text()), 'losses_total')).toBe(6);
  await Promise.all(retired);
  expect(total(readMetrics(await pool.text()), 'losses_total')).toBe(6);
});

it('takes what a worker said last when it does not answer', async () => {
  const [a, b] = workers as [FakeWorker, FakeWorker];
  a.losses.inc({ lock: 'x' }, 2);
  b.losses.inc({ lock: 'x' });
  await pool.refresh();
  a.stuck = true;
  b.losses.inc({ lock: 'x' });
  vi.useFakeTimers();
  const text = pool.text();
  await vi.advanceTimersByTimeAsync(400);
  expect(total(readMetrics(await text), 'losses_total')).toBe(4);
});
