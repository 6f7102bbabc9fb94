// One service whose locks contend with those of another over one SQLite file, with everything that can happen to a
// lock in a few seconds. It serves its metrics in both namings: prom-client's on /metrics, OpenTelemetry's on /otel.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { type Listener, ListenerSet, queued } from '@lockscope/core';
import { otel, otelMetrics } from '@lockscope/listener-otel';
import { prometheus } from '@lockscope/listener-prometheus';
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { SqliteStorage } from '@lockscope/storage-sqlite';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { Registry, collectDefaultMetrics } from 'prom-client';

import { sometimesFailing } from './sometimes-failing.ts';

const [service = '', path = ''] = process.argv.slice(2);

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const registry = new Registry();
// Its types know the content type of a registry only when it is made.
registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as unknown as typeof registry.contentType);
collectDefaultMetrics({ register: registry });
const exporter = new PrometheusExporter({ preventServerStart: true });
const meterProvider = new MeterProvider({ readers: [exporter] });

/** Never done in time, so its queue is full at once. */
const slow = queued({ name: 'slow', on: () => pause(50) }, { capacity: 1 });
const failing: Listener = {
  name: 'failing',
  types: ['lock.release'],
  on: () => {
    throw new Error('on purpose');
  },
};
const names = [
  { name: 'orders/{id}', expectedHoldMs: 200 },
  { name: 'stock/{id}' },
  { name: 'leader', holderLimit: 1, expectedHoldMs: 5000 },
];
const caps = { names: 9 };
const listeners = [
  otel({ tracerProvider: new BasicTracerProvider() }),
  prometheus({ registry, names, caps, queues: [slow] }),
  otelMetrics({ meterProvider, names, caps, queues: [slow] }),
  slow,
  failing,
];
const storage = new SqliteStorage({ path });
const locks = createLocks({ storage, service, listeners });
/** Locks of this process only, on a storage that fails now and then. */
const shaky = createLocks({ storage: sometimesFailing(new MemoryStorage()), service, listeners });

const server = createServer((request, response) => {
  if (request.url === '/otel') return exporter.getMetricsRequestHandler(request, response);
  registry.metrics().then(
    (text) => response.setHeader('content-type', registry.contentType).end(text),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());

await Promise.all([
  ...[1, 2, 3].map(() => forever(order)),
  ...[1, 2].map((flow) => forever(() => bothLocks(flow))),
  forever(lead),
  forever(lose),
  forever(failNowAndThen),
  forever(waitForItself),
  forever(writeTooLate),
  manyNames(),
]);

/** Short locks on two orders: waits, some of which end in vain, and tries. */
async function order(): Promise<void> {
  const key = `orders/${Math.random() < 0.5 ? 1 : 2}`;
  if (Math.random() < 0.2) await (await locks.tryAcquire(key, { operation: 'GET /order' }))?.release();
  else {
    const operation = service === 'api' ? 'POST /checkout' : 'cron:ship';
    await locks.run(key, () => pause(5 + Math.random() * 40), { operation, waitMs: 150 });
  }
  await pause(Math.random() * 20);
}

/** One lock inside another; each of the services has an order of its own, and so they will meet one day. */
async function bothLocks(flow: number): Promise<void> {
  const [outer, inner] = service === 'api' ? ['orders', 'stock'] : ['stock', 'orders'];
  const options = { owner: `${service}-${flow}`, waitMs: 100, operation: 'reserve' };
  const within = async (): Promise<void> => {
    await pause(5);
    await locks.run(`${inner}/${flow}`, () => pause(5), options);
  };
  await locks.run(`${outer}/${flow}`, within, options);
  await pause(100);
}

/** One holder in the fleet, for longer than its lease. */
async function lead(): Promise<void> {
  const options = { leaseMs: 600, marginMs: 200, waitMs: 'forever', operation: 'lead' } as const;
  await locks.run('leader', () => pause(1500), options);
}

/** Somebody takes it away. */
async function lose(): Promise<void> {
  const key = `taken/${service}`;
  const held = await locks.acquire(key, { leaseMs: 600, marginMs: 200, operation: 'lose' });
  await locks.forceRelease(key, { reason: 'on purpose' });
  while (!held.signal.aborted) await pause(50);
  await held.release();
}

async function failNowAndThen(): Promise<void> {
  await shaky.run('shaky', () => pause(700), { leaseMs: 600, marginMs: 200, operation: 'shake' });
}

/** Who shares a lock and wants it alone would wait for itself. */
async function waitForItself(): Promise<void> {
  const owner = `${service}-itself`;
  const shared = await shaky.acquire('itself', { owner, mode: 'shared' });
  try {
    await shaky.acquire('itself', { owner });
  } finally {
    await shared.release();
    await pause(300);
  }
}

/** What a guarded resource tells when it refuses a stale token. */
async function writeTooLate(): Promise<void> {
  const guarded = new ListenerSet({ listeners });
  guarded
    .begin('fence.rejected', { lockName: 'orders/{id}', lockKey: 'orders/1' })
    ?.end('rejected', { details: { fencingToken: 1, currentToken: 2, resource: 'table orders' } });
  await pause(500);
}

/** More names than there is room for. */
async function manyNames(): Promise<void> {
  for (const letter of 'abcdefghij') await forgiven(() => shaky.run(`name-${letter}`, () => pause(1)));
}

async function forever(step: () => Promise<void>): Promise<void> {
  for (;;) {
    await forgiven(step);
    await pause(1);
  }
}

/** What happens to a lock is what this program is for. */
async function forgiven(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!((error as { code?: string }).code ?? '').startsWith('LOCK_')) throw error;
  }
}
