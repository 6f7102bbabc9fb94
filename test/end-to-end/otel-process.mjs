// One of two processes with a tracer provider each, on one SQLite file. The parent says what to do, step by step.
import { otel } from '@lockscope/listener-otel';
import { createLocks } from '@lockscope/storage-lock';
import { SqliteStorage } from '@lockscope/storage-sqlite';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

const { path, service, operation, sampled = true, propagate = true } = JSON.parse(process.argv[2] ?? '{}');

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({
  sampler: sampled ? new AlwaysOnSampler() : new AlwaysOffSampler(),
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});
const tracer = tracerProvider.getTracer('the application');

/** @param {object} answer */
const tell = (answer) => process.send?.(answer);

/** @type {import('@lockscope/core').Listener} */
const sight = {
  name: 'sight',
  types: ['lock.acquire'],
  onAction: (_, { name }) => void (name === 'acquire.contended' && tell({ step: 'contended' })),
};
const locks = createLocks({
  storage: new SqliteStorage({ path }),
  service,
  operation,
  listeners: [otel({ tracerProvider, propagate }), sight],
});

/** @type {import('@lockscope/storage-lock').HeldLock | undefined} */
let held;
/** @type {Record<string, () => Promise<unknown>>} */
const steps = {
  acquire: async () => {
    held = await locks.acquire('orders/42');
  },
  release: async () => {
    await held?.release();
  },
  /** Waits for the lock inside a span of the application, and works under it. */
  run: () =>
    tracer.startActiveSpan('request', async (span) => {
      await locks.run('orders/42', async () => {
        await Promise.resolve();
        tracer.startSpan('work').end();
      });
      span.end();
    }),
  spans: async () =>
    exporter.getFinishedSpans().map((span) => ({
      ...span.spanContext(),
      name: span.name,
      parentSpanId: span.parentSpanContext?.spanId,
      attributes: span.attributes,
      links: span.links,
      startTime: span.startTime,
      endTime: span.endTime,
    })),
};

process.on('message', (/** @type {{ step: string }} */ { step }) => {
  steps[step]?.().then(
    (result) => tell({ step, result }),
    (error) => tell({ step, error: String(error?.stack ?? error) }),
  );
});
tell({ step: 'ready' });
