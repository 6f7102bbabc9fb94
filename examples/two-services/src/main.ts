// Two services want one lock. Each has a trace of its own, and the trace of the one that waited says which other trace
// it waited for.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startReceiver, type ReceivedSpan } from './receiver.ts';

const program = fileURLToPath(new URL('./service.js', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'lockscope-two-services-'));
const receiver = await startReceiver();

async function start(service: string, operation: string, workMs: number): Promise<ChildProcess> {
  const file = join(folder, 'locks.db');
  const args = [service, operation, file, receiver.url, String(workMs)];
  const child = fork(program, args, { execArgv: ['--no-warnings'] });
  await once(child, 'message'); // it is ready
  return child;
}

const [billing, shop] = await Promise.all([
  start('billing', 'nightly invoices', 500),
  start('shop', 'POST /orders/{id}', 10),
]);
const ended = Promise.all([once(billing, 'exit'), once(shop, 'exit')]);
billing.send('go');
await once(billing, 'message'); // it has the lock
shop.send('go');
await ended;

for (const span of receiver.spans.filter(({ name }) => name.startsWith('wait '))) {
  console.log(`${text(span, 'lock.operation')} waited for ${text(span, 'lock.key')}`);
  console.log(`  trace ${span.traceId}`);
  for (const { traceId, spanId } of span.links ?? []) {
    const blocker = receiver.spans.find((other) => other.traceId === traceId && other.spanId === spanId);
    console.log(`blocked by ${text(span, 'lock.blocker.operation')} of ${text(span, 'lock.blocker.service')}`);
    console.log(`  trace ${traceId}, span ${spanId}, which is "${blocker?.name ?? 'not there'}"`);
  }
}

receiver.close();
await rm(folder, { recursive: true });

function text({ attributes }: ReceivedSpan, key: string): string {
  return attributes.find((attribute) => attribute.key === key)?.value.stringValue ?? 'unknown';
}
