// Metrics of a few locks, served on /metrics as Prometheus wants them. `--serve` stays up until Ctrl-C.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { prometheus } from '@lockscope/listener-prometheus';
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { Registry } from 'prom-client';

const registry = new Registry();
const locks = createLocks({
  storage: new MemoryStorage(),
  listeners: [prometheus({ registry, names: [{ name: 'orders/{id}', expectedHoldMs: 200 }] })],
});
const orders = locks.define('orders/{id}', { expectedHoldMs: 200 });

const server = createServer((_request, response) => {
  response.setHeader('content-type', registry.contentType);
  registry.metrics().then(
    (text) => response.end(text),
    () => response.writeHead(500).end(),
  );
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
console.log(`Metrics are on ${url}`);

await Promise.all(
  Array.from({ length: 20 }, (_, index) =>
    orders.run({ id: index % 4 }, () => pause(5), { operation: index % 2 === 0 ? 'checkout' : 'refund' }),
  ),
);

const text = await (await fetch(url)).text();
const interesting =
  /^lock_(acquire_duration_seconds_count|hold_duration_seconds_count|blocked_time_seconds_total|lease_lost_total)/;
for (const line of text.split('\n').filter((one) => interesting.test(one))) console.log(line);

if (!process.argv.includes('--serve')) {
  await locks.close();
  server.close();
}
