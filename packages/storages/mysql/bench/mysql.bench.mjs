// What one uncontended acquire and release cost, beside the cheapest that a server can do: a row that is inserted and
// deleted, and its own GET_LOCK. One after the other, and 64 keys in parallel.
// Build first, then: MYSQL_URL=mysql://root@127.0.0.1:3306/bench node bench/mysql.bench.mjs [rounds] [cycles]
import { createPool } from 'mysql2/promise';
import { MysqlStorage } from '../dist/index.js';

const url = process.env.MYSQL_URL;
if (url === undefined) throw new Error('say where: MYSQL_URL=mysql://user:password@host:3306/database');
const rounds = Number(process.argv[2] ?? 5);
const cycles = Number(process.argv[3] ?? 2000);
const keys = 64;
const connectionLimit = 8;
const leaseMs = 30_000;
const holder = { ownerId: 'bench:1', host: 'bench', pid: process.pid, service: 'orders', operation: 'POST /orders' };

async function bare(pool) {
  await pool.query(`CREATE TABLE IF NOT EXISTS bench_bare (
    lock_key VARBINARY(512) PRIMARY KEY, lease_id VARBINARY(64), holder VARBINARY(512), ends_at BIGINT)`);
  await pool.query('DELETE FROM bench_bare');
  const text = JSON.stringify(holder);
  return {
    cycle: async (key, leaseId) => {
      await pool.query('INSERT INTO bench_bare VALUES (?, ?, ?, ?)', [key, leaseId, text, Date.now() + leaseMs]);
      await pool.query('DELETE FROM bench_bare WHERE lock_key = ? AND lease_id = ?', [key, leaseId]);
    },
    close: () => pool.query('DROP TABLE bench_bare'),
  };
}

async function getLock(pool) {
  return {
    cycle: async (key) => {
      const connection = await pool.getConnection();
      await connection.query('SELECT GET_LOCK(?, 0)', [key]);
      await connection.query('SELECT RELEASE_LOCK(?)', [key]);
      connection.release();
    },
    close: () => undefined,
  };
}

async function lockscope() {
  const storage = new MysqlStorage({ url, connectionLimit });
  return {
    cycle: async (key, leaseId) => {
      const { acquired } = await storage.acquire({ key, leaseId, leaseMs, holder, waitMs: 5000 });
      if (!acquired) throw new Error(`${key} was not free`);
      await storage.release(key, leaseId);
    },
    close: () => storage.close(),
  };
}

async function measure(make, parallel) {
  const pool = createPool({ uri: url, connectionLimit });
  const subject = await make(pool);
  const run = async (count, name) => {
    let started = 0;
    const work = async (key) => {
      while (started < count) {
        started += 1;
        await subject.cycle(key, `${name}:${started}`);
      }
    };
    await Promise.all(Array.from({ length: parallel }, (_, index) => work(`orders/${index % keys}`)));
  };
  await run(cycles / 5, `warm:${performance.now()}`);
  const start = performance.now();
  await run(cycles, `lease:${start}`);
  const us = ((performance.now() - start) * 1000) / cycles;
  await subject.close();
  await pool.end();
  return us;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const subjects = { bare, lockscope, GET_LOCK: getLock, 'bare again': bare };
const pool = createPool({ uri: url });
const [[server]] = await pool.query(
  'SELECT VERSION() AS version, @@innodb_flush_log_at_trx_commit AS flush, @@log_bin AS binlog',
);
await pool.end();
console.log(
  `node ${process.versions.node}, ${server.version}, innodb_flush_log_at_trx_commit ${server.flush}, binlog ${server.binlog}, ${rounds} rounds of ${cycles} cycles, medians`,
);
for (const parallel of [1, keys]) {
  const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, make] of Object.entries(subjects)) times[name].push(await measure(make, parallel));
  console.log(parallel === 1 ? 'one after the other' : `${parallel} in parallel over ${connectionLimit} connections`);
  for (const [name, values] of Object.entries(times)) {
    const us = median(values);
    const perSecond = Math.round(1e6 / us).toLocaleString('en');
    const ofBare = (median(times.bare) / us).toFixed(2);
    console.log(
      `  ${name.padEnd(10)} ${us.toFixed(0).padStart(6)} us a cycle ${perSecond.padStart(7)} cycles/s  ${ofBare} of bare`,
    );
  }
}
