// What one uncontended acquire and release cost beside the bare client, and how long a hand-over takes.
// Build first, then: node bench/etcd.bench.mjs [rounds] [cycles]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { EtcdStorage } from '../dist/index.js';

const rounds = Number(process.argv[2] ?? 3);
const cycles = Number(process.argv[3] ?? 1000);
const port = 26_000 + (process.pid % 1000);
const [hosts, peers] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1000}`];
const leaseMs = 30_000;
const holder = { ownerId: 'bench:1', host: 'bench', pid: process.pid, service: 'orders', operation: 'POST /orders' };
const folder = mkdtempSync(join(tmpdir(), 'lockscope-bench-'));
const binary = process.env.ETCD_BIN ?? 'etcd';
const server = spawn(
  binary,
  ['--data-dir', folder, '--unsafe-no-fsync', '--logger', 'zap', '--log-level', 'error']
    .concat(['--listen-client-urls', hosts, '--advertise-client-urls', hosts, '--listen-peer-urls', peers])
    .concat(['--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`]),
  { stdio: 'ignore' },
);
process.on('exit', () => {
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const client = new Etcd3({ hosts });
for (let ready = false; !ready;) {
  await sleep(50);
  ready = await client.get('nothing').then(
    () => true,
    () => false,
  );
}

/** A transaction that creates a key on a lease that lives anyway, and one that deletes it: the least that a lock can do. */
async function transactions() {
  const { ID } = await client.leaseClient.leaseGrant({ TTL: 600 });
  const value = Buffer.from(JSON.stringify(holder));
  return async (name) => {
    const key = Buffer.from(`bare/${name}`);
    const free = { key, target: 'Create', result: 'Equal', create_revision: 0 };
    await client.kv.txn({ compare: [free], success: [{ request_put: { key, value, lease: ID } }] });
    await client.kv.txn({ success: [{ request_delete_range: { key } }] });
  };
}

/** The lock that comes with the client. */
function ownLock() {
  return async (name) => {
    const lock = client.lock(name).ttl(30);
    await lock.acquire();
    await lock.release();
  };
}

function lockscope() {
  const storage = new EtcdStorage({ client });
  let count = 0;
  return async (key) => {
    const leaseId = `lease:${(count += 1)}`;
    await storage.acquire({ key, leaseId, leaseMs, holder });
    await storage.release(key, leaseId);
  };
}

async function measure(cycle, parallel) {
  let left = cycles;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: parallel }, async (_, worker) => {
      while (left > 0) {
        left -= 1;
        await cycle(`orders/${worker}`);
      }
    }),
  );
  return ((performance.now() - start) * 1000) / cycles;
}

const { version } = await client.maintenance.status();
console.log(`node ${process.versions.node}, etcd ${version}, ${rounds} rounds of ${cycles} cycles, medians`);
const subjects = {
  'two bare transactions': await transactions(),
  "etcd3's own lock": ownLock(),
  lockscope: lockscope(),
  'two bare transactions again': await transactions(),
};
for (const parallel of [1, 64]) {
  const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, cycle] of Object.entries(subjects)) times[name].push(await measure(cycle, parallel));
  const bare = median(times['two bare transactions']);
  for (const [name, values] of Object.entries(times)) {
    const us = median(values);
    const ratio = (bare / us).toFixed(2);
    console.log(
      `${String(parallel).padStart(2)} in parallel  ${name.padEnd(28)} ${us.toFixed(0).padStart(6)} us a cycle  ${ratio} of two bare transactions`,
    );
  }
}

/** From the call of release to the news in the waiter, against a put that another client watches. */
async function handOvers() {
  const other = new Etcd3({ hosts });
  const storages = [client, other].map((each) => new EtcdStorage({ client: each, prefix: 'hand-over/' }));
  let held = 'lease:0';
  await storages[0].acquire({ key: 'a', leaseId: held, leaseMs, holder });
  const times = [];
  for (let n = 1; n <= 200; n += 1) {
    const [from, to] = [storages[(n + 1) % 2], storages[n % 2]];
    const leaseId = `lease:${n}`;
    let told;
    const granted = new Promise((resolve) => (told = resolve));
    const stop = to.watch('a', leaseId, (news) => news.type === 'granted' && told(performance.now()));
    await to.acquire({ key: 'a', leaseId, leaseMs, holder, waitMs: 5000 });
    const start = performance.now();
    await from.release('a', held);
    times.push((await granted) - start);
    stop();
    held = leaseId;
  }
  for (const storage of storages) await storage.close();
  const bare = [];
  let arrived;
  const watcher = await other.watch().key('token').create();
  watcher.on('put', () => arrived(performance.now()));
  for (let n = 0; n < 200; n += 1) {
    const told = new Promise((resolve) => (arrived = resolve));
    const start = performance.now();
    await client.put('token').value('x');
    bare.push((await told) - start);
  }
  await watcher.cancel();
  other.close();
  console.log(`hand-over  lockscope                   p50 ${(median(times) * 1000).toFixed(0)} us`);
  console.log(`hand-over  a put that is watched       p50 ${(median(bare) * 1000).toFixed(0)} us`);
}

await handOvers();
client.close();
server.kill();
