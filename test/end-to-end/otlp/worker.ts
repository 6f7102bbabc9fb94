// One of two services that share a lock, with the SDK and its OTLP exporters as a program would have them.
import { setTimeout as pause } from 'node:timers/promises';

import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace-base';
import { linkAwareSampler, otel, otelMetrics } from '@lockscope/listener-otel';
import { MemoryStorage, type LockStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { RedisStorage } from '@lockscope/storage-redis';
import { SqliteStorage } from '@lockscope/storage-sqlite';
import { Redis } from 'ioredis';

export interface WorkerOptions {
  readonly endpoint: string;
  readonly service: string;
  /** Where the lock is: an SQLite file, a Redis on this machine, or this process. */
  readonly path?: string;
  readonly redisPort?: number;
  /** How many ask for the lock at once, and how often each gets it. */
  readonly flows: number;
  readonly rounds: number;
  readonly holdMs: number;
  /** Part of the traces that are kept. */
  readonly ratio?: number;
  readonly maxQueueSize?: number;
}

export interface WorkerReport {
  readonly granted: number;
  readonly failed: readonly string[];
  readonly heapMb: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions;
const { endpoint, service, flows, rounds, holdMs, maxQueueSize = 50_000 } = options;

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const sampler: Sampler =
  options.ratio === undefined
    ? new AlwaysOnSampler()
    : linkAwareSampler(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.ratio) }));
const resource = resourceFromAttributes({ 'service.name': service });
const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: 2000 });
const spanProcessors = [new BatchSpanProcessor(exporter, { maxQueueSize, scheduledDelayMillis: 100 })];
const tracerProvider = new BasicTracerProvider({ resource, sampler, spanProcessors });
const reader = new PeriodicExportingMetricReader({
  exporter: new OTLPMetricExporter({ url: `${endpoint}/v1/metrics`, timeoutMillis: 500 }),
  exportIntervalMillis: 500,
  exportTimeoutMillis: 500,
});
const meterProvider = new MeterProvider({ resource, readers: [reader] });

const redis = options.redisPort === undefined ? undefined : new Redis(options.redisPort, '127.0.0.1');
const storage: LockStorage =
  options.path === undefined
    ? redis === undefined
      ? new MemoryStorage()
      : new RedisStorage({ client: redis })
    : new SqliteStorage({ path: options.path });
const locks = createLocks({
  storage,
  service,
  listeners: [otel({ tracerProvider, verbose: true }), otelMetrics({ meterProvider })],
});

let granted = 0;
const failed: string[] = [];

async function ask(flow: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    try {
      await locks.run(
        options.path === undefined && redis === undefined ? `orders/${flow}` : 'orders/42',
        async (lock) => {
          lock.assertHeld();
          granted += 1;
          if (holdMs > 0) await pause(Math.random() * holdMs);
        },
        { waitMs: 60_000, operation: `${service} ${flow}` },
      );
    } catch (error) {
      failed.push(String(error));
    }
    if (holdMs > 0) await pause(Math.random() * holdMs);
    // What sends spans needs its turn too.
    else if (round % 100 === 0) await pause(1);
  }
}

process.once('message', (step) => {
  if (step === 'go') void work();
});
process.send?.('ready');

async function work(): Promise<void> {
  const heap = (): number => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  const before = heap();
  await Promise.all(Array.from({ length: flows }, (_, flow) => ask(flow)));
  // What is told last comes after the caller has gone on.
  await pause(50);
  const heapMb = heap() - before;
  if (maxQueueSize === 50_000) await Promise.all([tracerProvider.forceFlush(), meterProvider.forceFlush()]);
  await locks.close();
  redis?.disconnect();
  const report: WorkerReport = { granted, failed, heapMb };
  process.send?.(report, () => process.exit());
}
