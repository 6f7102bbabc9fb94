// What one uncontended acquire and release cost beside the bare client, and how long a hand-over takes.
// Build first, then: node bench/nats.bench.mjs [rounds] [cycles]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { NatsStorage } from '../dist/index.js';

const rounds = Number(process.argv[2] ?? 5);
const cycles = Number(process.argv[3] ?? 5000);
const port = 28_000 + (process.pid % 1000);
const servers = `127.0.0.1:${port}`;
const leaseMs = 30_000;
const holder = { ownerId: 'bench:1', host: 'bench', pid: process.pid, service: 'orders', operation: 'POST /orders' };
const folder = mkdtempSync(join(tmpdir(), 'lockscope-bench-'));
const binary = process.env.NATS_SERVER_BIN ?? 'nats-server';
const server = spawn(binary, ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder], { stdio: 'ignore' });
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

function print(name, values) {
  console.log(`hand-over  ${name.padEnd(26)} p50 ${(median(values) * 1000).toFixed(0)} us`);
}

process.on('exit', () => {
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function ready() {
  for (;;) {
    try {
      return await connect({ servers, noAsyncTraces: true });
    } catch {
      await sleep(20);
    }
  }
}

const connection = await ready();

/** A compare-and-set that creates and one that writes over it: the least that a lock on a bucket can do. */
async function writes(bucket) {
  const client = jetstream(connection);
  await new Kvm(client).create(bucket, { history: 1 });
  const text = JSON.stringify(holder);
  const last = new Map();
  return async (key) => {
    const subject = `$KV.${bucket}.${key}`;
    const { seq } = await client.publish(subject, text, { expect: { lastSubjectSequence: last.get(key) ?? 0 } });
    last.set(key, (await client.publish(subject, '', { expect: { lastSubjectSequence: seq } })).seq);
  };
}

/** What the documentation of key-value buckets offers for a lock. */
async function createAndDelete() {
  const bucket = await new Kvm(jetstream(connection)).create('bare', { history: 1 });
  const text = JSON.stringify(holder);
  return async (key) => {
    const revision = await bucket.create(key, text);
    await bucket.delete(key, { previousSeq: revision });
  };
}

async function lockscope() {
  const storage = new NatsStorage({ connection, bucket: 'lockscope' });
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

const subjects = {
  'two bare writes': await writes('writes'),
  'create + delete': await createAndDelete(),
  lockscope: await lockscope(),
  'two bare writes again': await writes('again'),
};
console.log(
  `node ${process.versions.node}, nats-server ${connection.info.version}, ${rounds} rounds of ${cycles} cycles, medians`,
);
for (const parallel of [1, 64]) {
  const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, cycle] of Object.entries(subjects)) times[name].push(await measure(cycle, parallel));
  const bare = median(times['two bare writes']);
  for (const [name, values] of Object.entries(times)) {
    const us = median(values);
    console.log(
      `${String(parallel).padStart(2)} in parallel  ${name.padEnd(22)} ${us.toFixed(0).padStart(6)} us a cycle  ${(bare / us).toFixed(2)} of two bare writes`,
    );
  }
}

/** From the call of release to the news in the waiter, two storages on connections of their own, against a message that travels the same way. */
async function handOvers() {
  const [one, two] = [await ready(), await ready()];
  const storages = [one, two].map((each) => new NatsStorage({ connection: each, bucket: 'hand-over' }));
  let held = 'lease:0';
  await storages[0].acquire({ key: 'a', leaseId: held, leaseMs, holder });
  const times = [];
  for (let n = 1; n <= 500; n += 1) {
    const [from, to] = [storages[(n + 1) % 2], storages[n % 2]];
    const leaseId = `lease:${n}`;
    let told;
    const granted = new Promise((resolve) => (told = resolve));
    const stop = to.watch('a', leaseId, (news) => news.type === 'granted' && told(performance.now()));
    await to.acquire({ key: 'a', leaseId, leaseMs, holder, waitMs: 5000 });
    await sleep(2);
    const start = performance.now();
    await from.release('a', held);
    times.push((await granted) - start);
    stop();
    held = leaseId;
  }
  for (const storage of storages) await storage.close();
  const bucket = await new Kvm(jetstream(one)).create('bare-hand-over', { history: 1 });
  const bare = [];
  let arrived;
  two.subscribe('token', { callback: () => arrived(performance.now()) });
  await two.flush();
  for (let n = 0; n < 500; n += 1) {
    const told = new Promise((resolve) => (arrived = resolve));
    await sleep(2);
    const start = performance.now();
    await bucket.put('a', 'x');
    one.publish('token', 'x');
    bare.push((await told) - start);
  }
  await one.close();
  await two.close();
  print('lockscope', times);
  print('bare put, then a message', bare);
}

await handOvers();
await connection.close();
server.kill();
