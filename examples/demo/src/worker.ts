import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { otel } from '@lockscope/listener-otel';
import { prometheus, reportMetrics } from '@lockscope/listener-prometheus';
import { createLocks } from '@lockscope/storage-lock';
import { SqliteStorage } from '@lockscope/storage-sqlite';
import { Registry } from 'prom-client';
import { forwarding } from './forwarding.ts';
import { jobs, type JobName } from './jobs/index.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { Outbox } from './outbox.ts';
import { spanForwarder } from './span-forwarder.ts';

// One process of the fleet: its locks are those of a real service, with metrics and spans as in production.
const [jobName, path] = process.argv.slice(2) as [JobName, string];
const job = jobs[jobName];
const outbox = new Outbox();
const registry = new Registry();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const tracerProvider = new BasicTracerProvider({
  spanProcessors: [spanForwarder(outbox)],
});
const storage = new SqliteStorage({ path });
const locks = createLocks({
  storage,
  service: jobName,
  listeners: [otel({ tracerProvider }), prometheus({ registry, names: job.names }), forwarding(outbox)],
});
const reporter = reportMetrics({ registry });
const stopping = new AbortController();

// Ctrl-C in a terminal reaches every process of the fleet; the parent says when to stop.
process.on('SIGINT', () => {});
process.on('message', (message: ToWorker) => {
  if (message.kind === 'stop') stopping.abort();
});
process.on('disconnect', () => process.exit());
// The parent may have gone while this was being loaded; then nobody will say so any more.
if (!process.connected) process.exit();

send({ kind: 'ready' });
await job.run(locks, stopping.signal);
await locks.close();
await storage.close();
await tracerProvider.shutdown();
await outbox.close();
await reporter.close();
process.exit();

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}
