// Lock events go to a webhook that often fails, and to a file. The locks do not notice, and nothing is lost.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { decodeEvent, type Event } from '@lockscope/core';
import { asListener, Breaker, Broadcaster, filter, httpSink, pipe, queue, retrying } from '@lockscope/delivery';
import { FileSink } from '@lockscope/delivery/file';
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';

import { flakyEndpoint } from './flaky-endpoint.ts';

const endpoint = await flakyEndpoint();
const folder = mkdtempSync(join(tmpdir(), 'lockscope-webhook-'));
const file = join(folder, 'events.jsonl');

let failures = 0;
const breaker = new Breaker({
  threshold: 2,
  backoffMs: 20,
  onStateChange: ({ from, to }) => to === 'open' && from === 'closed' && console.log('two failures in a row: a pause'),
});

const webhook = pipe(
  queue<Event>({ maxSize: 10_000, onDrop: (event, error) => console.error('lost', event.id, error) }),
  filter((event: Event) => event.type === 'lock'),
  retrying<Event>({ strategy: breaker, maxAttempts: 100, onRetry: () => (failures += 1) }),
  httpSink<Event>(endpoint.url, { timeoutMs: 200, headers: ({ id }) => ({ 'idempotency-key': id }) }),
);
const sinks = new Broadcaster<Event>([webhook, new FileSink<Event>({ path: file })]);
const listener = asListener(sinks);

const locks = createLocks({ storage: new MemoryStorage(), listeners: [listener] });
for (let n = 1; n <= 20; n += 1) await locks.run(`orders/${n}`, async () => {});
await locks.close();

const { undelivered } = await listener.close({ signal: AbortSignal.timeout(30_000) });

const keys = endpoint.taken.map((body) => decodeEvent(body).lockKey);
const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
console.log(`${failures} of ${endpoint.asked()} requests failed`);
console.log(`the webhook has ${keys.length} possessions: ${keys.slice(0, 3).join(', ')}, ... ${keys.at(-1)}`);
console.log(`the file has ${lines.length} events, the first one is ${decodeEvent(lines[0] ?? '').type}`);
console.log(`${undelivered} undelivered, ${listener.dropped} dropped`);

endpoint.stop();
rmSync(folder, { recursive: true });
