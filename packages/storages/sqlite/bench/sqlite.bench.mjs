// What one uncontended acquire and release cost, beside the cheapest pair of writes that SQLite can do.
// Build first, then: node bench/sqlite.bench.mjs [rounds] [cycles]
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStorage } from '../dist/index.js';

const rounds = Number(process.argv[2] ?? 7);
const cycles = Number(process.argv[3] ?? 10_000);
const keys = 64;
const leaseMs = 30_000;
const holder = { ownerId: 'bench:1', host: 'bench', pid: process.pid, service: 'orders', operation: 'POST /orders' };
const folder = mkdtempSync(join(tmpdir(), 'lockscope-bench-'));
const Database = process.getBuiltinModule?.('node:sqlite')?.DatabaseSync ?? createRequire(import.meta.url)('libsql');

function bare(path) {
  const database = new Database(path);
  database.prepare('PRAGMA journal_mode = WAL').get();
  database.exec('PRAGMA synchronous = NORMAL');
  database.exec('CREATE TABLE t (key TEXT PRIMARY KEY, lease_id TEXT, holder TEXT, ends_at REAL)');
  const insert = database.prepare('INSERT INTO t VALUES (?, ?, ?, ?)');
  const remove = database.prepare('DELETE FROM t WHERE key = ? AND lease_id = ?');
  const text = JSON.stringify(holder);
  return {
    cycle: async (key, leaseId) => {
      insert.run(key, leaseId, text, performance.now() + leaseMs);
      remove.run(key, leaseId);
    },
    close: () => database.close(),
  };
}

function lockscope(path) {
  const storage = new SqliteStorage({ path });
  return {
    cycle: async (key, leaseId) => {
      await storage.acquire({ key, leaseId, leaseMs, holder, waitMs: 5000 });
      await storage.release(key, leaseId);
    },
    close: () => storage.close(),
  };
}

async function measure(make, path) {
  const subject = make(path);
  for (let n = 0; n < 1000; n += 1) await subject.cycle(`orders/${n % keys}`, `warm:${n}`);
  const start = performance.now();
  for (let n = 0; n < cycles; n += 1) await subject.cycle(`orders/${n % keys}`, `lease:${n}`);
  const us = ((performance.now() - start) * 1000) / cycles;
  await subject.close();
  return us;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const times = { bare: [], 'bare again': [], lockscope: [] };
for (let round = 0; round < rounds; round += 1) {
  times.bare.push(await measure(bare, join(folder, `bare-${round}.db`)));
  times.lockscope.push(await measure(lockscope, join(folder, `lockscope-${round}.db`)));
  times['bare again'].push(await measure(bare, join(folder, `again-${round}.db`)));
}
rmSync(folder, { recursive: true, force: true });
console.log(
  `node ${process.versions.node}, ${Database.name === 'DatabaseSync' ? 'node:sqlite' : 'libsql'}, ${rounds} rounds of ${cycles} cycles, medians`,
);
for (const [name, values] of Object.entries(times)) {
  const us = median(values);
  console.log(
    `${name.padEnd(10)} ${us.toFixed(1).padStart(7)} us a cycle ${Math.round(1e6 / us)
      .toLocaleString('en')
      .padStart(8)} cycles/s  ${(median(times.bare) / us).toFixed(2)} of bare`,
  );
}
