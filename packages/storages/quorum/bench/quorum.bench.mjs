// What the vote itself costs: one acquire and release on storages in memory, one alone and three and five of them
// behind a quorum. Build first, then: node bench/quorum.bench.mjs [rounds] [cycles]
import { MemoryStorage } from '@lockscope/storage';
import { quorum } from '../dist/index.js';

const rounds = Number(process.argv[2] ?? 7);
const cycles = Number(process.argv[3] ?? 10_000);
const keys = 64;
const leaseMs = 30_000;
const holder = { ownerId: 'bench:1', host: 'bench', pid: process.pid, service: 'orders', operation: 'POST /orders' };

const memories = (count) => Array.from({ length: count }, () => new MemoryStorage());
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function measure(storage) {
  const cycle = async (n) => {
    const [key, leaseId] = [`orders/${n % keys}`, `lease:${n}`];
    await storage.acquire({ key, leaseId, leaseMs, holder });
    await storage.release(key, leaseId);
  };
  for (let n = 0; n < 1000; n += 1) await cycle(n);
  const times = [];
  for (let n = 1000; n < 1000 + cycles; n += 1) {
    const start = performance.now();
    await cycle(n);
    times.push((performance.now() - start) * 1000);
  }
  await storage.close();
  return median(times);
}

const subjects = {
  'one memory': () => new MemoryStorage(),
  'quorum of 3': () => quorum(memories(3)),
  'quorum of 5': () => quorum(memories(5)),
  'one memory again': () => new MemoryStorage(),
};
const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, make] of Object.entries(subjects)) times[name].push(await measure(make()));
}
console.log(`node ${process.versions.node}, ${rounds} rounds of ${cycles} cycles on ${keys} keys, medians of medians`);
for (const [name, values] of Object.entries(times))
  console.log(`${name.padEnd(17)} ${median(values).toFixed(1).padStart(7)} us a cycle`);
