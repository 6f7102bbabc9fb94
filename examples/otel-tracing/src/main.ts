// A request waits for a lock that a job holds. The wait is a span of its own, and its link is the job's span.
import { setTimeout as pause } from 'node:timers/promises';

import { otel } from '@lockscope/listener-otel';
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** Prints spans as they end; a BatchSpanProcessor with your exporter does in its place. */
const printer: SpanProcessor = {
  onStart: () => undefined,
  onEnd(span: ReadableSpan) {
    const { traceId, spanId } = span.spanContext();
    const parent = span.parentSpanContext?.spanId ?? 'none';
    console.log(`${span.name}  trace ${traceId.slice(0, 8)} span ${spanId} parent ${parent}`);
    for (const { context: other, attributes = {} } of span.links) {
      const how = String(attributes['lock.link.type']).replaceAll('_', ' ');
      const operation = String(attributes['lock.blocker.operation']);
      console.log(`  ${how} span ${other.spanId} of trace ${other.traceId.slice(0, 8)}, ${operation}`);
    }
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [printer] }));
const tracer = trace.getTracer('example');

const locks = createLocks({ storage: new MemoryStorage(), listeners: [otel()] });

const job = tracer.startActiveSpan('nightly job', async (span) => {
  await locks.run('orders/42', () => pause(80), { operation: 'nightly job' });
  span.end();
});

const request = tracer.startActiveSpan('POST /orders/42', async (span) => {
  await pause(10);
  await locks.run(
    'orders/42',
    () => tracer.startActiveSpan('charge the card', (inner) => inner.end()), // nests below the lock's span
    { operation: 'POST /orders/{id}' },
  );
  span.end();
});

await Promise.all([job, request]);
await locks.close();
