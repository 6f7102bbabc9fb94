// A worker with locks and metrics, which does what its parent says. Told apart by its name, which is its lock's name too.
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

import { ListenerSet } from '@lockscope/core';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import { prometheus, reportMetrics } from '../../src/index.ts';

export type Order =
  | { readonly do: 'count'; readonly times: number; readonly names?: number }
  | { readonly do: 'hold' | 'exit' | 'close' | 'block' | 'slow' | 'throw' | 'other' };

const registry = new Registry();
const listener = prometheus({ registry });
const set = new ListenerSet({
  listeners: [listener, { name: 'tracer', types: ['lock'], traceparent: () => traceparent }],
});
const pid = String((workerData as { id?: number } | null)?.id ?? process.pid);
const traceparent = `00-${pid.padStart(32, 'a')}-${pid.padStart(16, 'b')}-01`;
const reporter = reportMetrics({ registry });

function hold(name: string): { end: () => void } {
  const lock = set.begin('lock', { lockName: name, lockKey: name, storageName: 'memory' });
  lock?.traceparent();
  lock?.child('lock.acquire')?.end('acquired', { details: { attempts: 1, waitMs: 1, contended: false } });
  const details = { contended: false, waitMs: 1, holdMs: 1, leaseMs: 1, renewals: 0, depth: 1 };
  return { end: () => lock?.end('released', { details }) };
}

const orders: Record<Order['do'], (order: Order) => unknown> = {
  count: (order) => {
    const { times, names = 1 } = order as Extract<Order, { do: 'count' }>;
    for (let n = 0; n < times; n += 1) hold(names === 1 ? 'jobs' : `${pid}-${n % names}`).end();
  },
  hold: () => hold('jobs'),
  exit: () => process.exit(0),
  close: () => reporter.close(),
  block: () => {
    for (const end = Date.now() + 1500; Date.now() < end;);
  },
  slow: () => new Gauge({ name: 'slow', help: 'S.', registers: [registry], collect: () => pause(60_000) }),
  throw: () =>
    new Gauge({
      name: 'broken',
      help: 'B.',
      registers: [registry],
      collect: () => {
        throw new Error('mine');
      },
    }),
  other: () => {
    new Counter({ name: 'mine_total', help: 'M.', registers: [registry] }).inc(2);
    new Gauge({ name: 'level', help: 'L.', registers: [registry], aggregator: 'average' }).set(Number(pid) % 2 ? 1 : 3);
    new Histogram({ name: 'sizes', help: 'S.', registers: [registry], buckets: [1, 10] }).observe(5);
  },
};

async function obey(order: Order & { readonly order?: true }): Promise<void> {
  if (order.do === undefined) return;
  await orders[order.do](order);
  const done = { done: order.do };
  if (parentPort === null) process.send?.(done);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  else parentPort.postMessage(done);
}

const port = parentPort ?? process;
port.on('message', (order: Order) => void obey(order));
