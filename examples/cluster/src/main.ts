// Four workers of a cluster share locks; their metrics are one page. `--serve` stays up until Ctrl-C.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { collectMetrics, prometheus, reportMetrics } from '@lockscope/listener-prometheus';
import { createLocks } from '@lockscope/storage-lock';
import { SqliteStorage } from '@lockscope/storage-sqlite';

if (cluster.isPrimary) await primary();
else await worker();

async function primary(): Promise<void> {
  const metrics = collectMetrics();
  cluster.on('fork', (forked) => metrics.add(forked));

  const server = createServer((_request, response) => {
    response.setHeader('content-type', metrics.contentType);
    metrics.metrics().then(
      (text) => response.end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  console.log(`Metrics of all workers are on ${url}`);

  const folder = mkdtempSync(join(tmpdir(), 'lockscope-cluster-'));
  const workers = Array.from({ length: 4 }, () => cluster.fork({ LOCKS: join(folder, 'locks.db') }));
  await Promise.all(workers.map((one) => said(one, 'done')));
  console.log(`Acquires of four workers: ${await acquires(url)}`);

  workers[0]?.process.kill('SIGKILL');
  if (workers[0] !== undefined) await once(workers[0], 'exit');
  console.log(`One was killed; they are still: ${await acquires(url)}`);

  if (process.argv.includes('--serve')) return;
  const left = workers.slice(1);
  for (const one of left) one.send('stop');
  await Promise.all(left.map((one) => once(one, 'exit')));
  console.log(`All have ended; they are still: ${await acquires(url)}`);
  metrics.close();
  server.close();
  rmSync(folder, { recursive: true });
}

async function worker(): Promise<void> {
  const storage = new SqliteStorage({ path: process.env['LOCKS'] ?? '' });
  const locks = createLocks({ storage, listeners: [prometheus({ names: ['orders/{id}'] })] });
  const reporter = reportMetrics();
  for (let n = 0; n < 25; n += 1) await locks.run(`orders/${n % 3}`, () => pause(2), { operation: 'checkout' });
  process.on('message', (message) => message === 'stop' && void stop());
  process.send?.('done');

  async function stop(): Promise<void> {
    await locks.close();
    await storage.close();
    await reporter.close();
    process.disconnect();
  }
}

async function said(one: Worker, word: string): Promise<void> {
  await new Promise<void>((resolve) => one.on('message', (message) => message === word && resolve()));
}

/** How many there were, as Prometheus would read it. */
async function acquires(url: string): Promise<number> {
  const text = await (await fetch(url)).text();
  const counts = text.matchAll(/^lock_acquire_duration_seconds_count\{.*lock_outcome="acquired".*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}
