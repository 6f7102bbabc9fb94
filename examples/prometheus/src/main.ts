// Metrics of a few locks, served on /metrics as Prometheus wants them. `--serve` goes on until Ctrl-C, on port 9464 or
// on the one that is given, and after ten seconds a lock is lost: prometheus.yml beside this has the alert for it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { prometheus } from '@lockscope/listener-prometheus';
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { Registry } from 'prom-client';

const [, , mode, port = '9464'] = process.argv;
const serves = mode === '--serve';
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
await new Promise<void>((resolve) => server.listen(serves ? Number(port) : 0, '127.0.0.1', resolve));
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

if (serves) {
  await pause(10_000);
  const lost = await orders.acquire({ id: 1 }, { leaseMs: 3000, operation: 'checkout' });
  lost.signal.addEventListener('abort', () => console.log('orders/1 was lost: LockLeaseLost fires now.'));
  await locks.forceRelease('orders/1', { reason: 'to show the alert' });
} else {
  await locks.close();
  server.close();
}
