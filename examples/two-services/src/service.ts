// One of the two services: a process of its own, with the OpenTelemetry SDK as any service has it.
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { otel } from '@lockscope/listener-otel';
import { createLocks } from '@lockscope/storage-lock';
import { SqliteStorage } from '@lockscope/storage-sqlite';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

const [service = '', operation = '', file = '', url = '', workMs = '0'] = process.argv.slice(2);

const tracerProvider = new BasicTracerProvider({
  resource: resourceFromAttributes({ 'service.name': service }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
});
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(tracerProvider);

const storage = new SqliteStorage({ path: file });
const locks = createLocks({ storage, service, listeners: [otel()] });

process.send?.('ready');
await once(process, 'message');

await trace.getTracer(service).startActiveSpan(operation, async (span) => {
  await locks.run(
    'orders/42',
    async () => {
      process.send?.('has the lock');
      await pause(Number(workMs));
    },
    { operation, waitMs: 10_000 },
  );
  span.end();
});

await locks.close();
await storage.close();
await tracerProvider.shutdown(); // sends what is left
process.disconnect();
