// What one uncontended acquire and release cost, beside proper-lockfile, on the disk of the given folder.
// Build first, then: node bench/file.bench.mjs [rounds] [cycles] [folder]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStorage } from '../dist/index.js';

const require = createRequire(import.meta.url);
const lockfile = require('proper-lockfile');
const { version } = require('proper-lockfile/package.json');
const rounds = Number(process.argv[2] ?? 7);
const cycles = Number(process.argv[3] ?? 500);
const folder = mkdtempSync(join(process.argv[4] ?? tmpdir(), 'lockscope-bench-'));
const keys = 16;
const leaseMs = 30_000;
const holder = { ownerId: 'bench:1', host: 'bench', pid: process.pid, service: 'orders', operation: 'POST /orders' };

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

function lockscope(options) {
  const storage = new FileStorage(options);
  let lease = 0;
  return {
    cycle: async (key) => {
      const leaseId = `lease:${(lease += 1)}`;
      await storage.acquire({ key, leaseId, leaseMs, holder });
      await storage.release(key, leaseId);
    },
    close: () => storage.close(),
  };
}

function properLockfile(path) {
  for (let n = 0; n < keys; n += 1) writeFileSync(join(path, `key-${n}`), '');
  return {
    cycle: async (key) => {
      const release = await lockfile.lock(join(path, key), { stale: leaseMs });
      await release();
    },
    close: async () => undefined,
  };
}

async function measure(make) {
  const path = mkdtempSync(join(folder, 'round-'));
  const subject = make(path);
  for (let n = 0; n < 2 * keys; n += 1) await subject.cycle(`key-${n % keys}`);
  const times = [];
  for (let n = 0; n < cycles; n += 1) {
    const start = performance.now();
    await subject.cycle(`key-${n % keys}`);
    times.push((performance.now() - start) * 1000);
  }
  const us = median(times);
  await subject.close();
  return us;
}

const subjects = {
  [`proper-lockfile ${version}`]: properLockfile,
  'lockscope, one machine': (path) => lockscope({ path }),
  'lockscope, shared disk': (path) => lockscope({ path, shared: true }),
  'proper-lockfile again': properLockfile,
};
const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, make] of Object.entries(subjects)) times[name].push(await measure(make));
}
rmSync(folder, { recursive: true, force: true });
console.log(`node ${process.versions.node}, ${folder}, ${rounds} rounds of ${cycles} cycles on ${keys} keys, medians`);
const [peer] = Object.values(times).map(median);
for (const [name, values] of Object.entries(times)) {
  const us = median(values);
  console.log(
    `${name.padEnd(24)} ${us.toFixed(0).padStart(7)} us a cycle  ${(us / peer).toFixed(2)} of proper-lockfile`,
  );
}
