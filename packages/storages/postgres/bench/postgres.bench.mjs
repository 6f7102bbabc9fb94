// What a lock costs beside what PostgreSQL can do at best: a row that is inserted and deleted, and an advisory lock.
// Needs postgres and initdb. Build first, then: node bench/postgres.bench.mjs [rounds] [hand-overs]
import { execFileSync, fork, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Pool } from 'pg';
import { PostgresStorage } from '../dist/index.js';

const leaseMs = 30_000;
const claimMs = 5000;
const connections = 8;
const holder = { ownerId: 'bench:1', host: 'bench', pid: process.pid, service: 'orders', operation: 'POST /orders' };
const median = (values) => quantile(values, 0.5);
const quantile = (values, at) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * at)];

const subjects = {
  'row insert/delete': (url) => bareRow(url, 'on'),
  'row insert/delete again': (url) => bareRow(url, 'on'),
  'row insert/delete, synchronous_commit off': (url) => bareRow(url, 'off'),
  pg_advisory_lock: bareAdvisory,
  'lockscope, grants (default)': (url) => lockscope(url, 'grants'),
  'lockscope, all': (url) => lockscope(url, 'all'),
  'lockscope, none': (url) => lockscope(url, 'none'),
};

async function bareRow(url, commit) {
  const pool = new Pool({ connectionString: url, max: connections, options: `-c synchronous_commit=${commit}` });
  await pool.query(
    'CREATE TABLE IF NOT EXISTS bare (key text PRIMARY KEY, lease_id text, holder text, ends_at bigint)',
  );
  const text = JSON.stringify(holder);
  return {
    cycle: async (key) => {
      const leaseId = randomUUID();
      await pool.query('INSERT INTO bare VALUES ($1, $2, $3, $4)', [key, leaseId, text, Date.now() + leaseMs]);
      await pool.query('DELETE FROM bare WHERE key = $1 AND lease_id = $2', [key, leaseId]);
    },
    close: () => pool.end(),
  };
}

async function bareAdvisory(url) {
  const pool = new Pool({ connectionString: url, max: connections });
  return {
    cycle: async (key) => {
      const client = await pool.connect();
      await client.query('SELECT pg_advisory_lock(hashtext($1))', [key]);
      await client.query('SELECT pg_advisory_unlock(hashtext($1))', [key]);
      client.release();
    },
    close: () => pool.end(),
  };
}

async function lockscope(url, durability) {
  const storage = new PostgresStorage({ connection: { connectionString: url, max: connections }, durability });
  return {
    cycle: async (key) => {
      const leaseId = randomUUID();
      await storage.acquire({ key, leaseId, leaseMs, holder, waitMs: 5000, claimMs });
      await storage.release(key, leaseId);
    },
    close: () => storage.close(),
  };
}

/** Cycles a second, with so many at once, each on a key of its own. */
async function throughput(subject, loops, ms) {
  const end = performance.now() + ms;
  const start = performance.now();
  let cycles = 0;
  const loop = async (_, index) => {
    while (performance.now() < end) {
      await subject.cycle(`orders/${index}`);
      cycles += 1;
    }
  };
  await Promise.all(Array.from({ length: loops }, loop));
  return (cycles * 1000) / (performance.now() - start);
}

const waiters = {
  pg_advisory_lock: async (url) => {
    const client = new Client(url);
    await client.connect();
    return {
      acquire: () => client.query('SELECT pg_advisory_lock(42)'),
      release: () => client.query('SELECT pg_advisory_unlock(42)'),
      close: () => client.end(),
    };
  },
  lockscope: (url) => handedOver(url, 'grants'),
  'lockscope, all': (url) => handedOver(url, 'all'),
};

async function handedOver(url, durability) {
  const storage = new PostgresStorage({ connection: url, durability });
  const key = `hand-over/${durability}`;
  let leaseId;
  // Keeps the connection that listens, as a process does where somebody always waits.
  storage.watch(key, 'nobody', () => {});
  return {
    acquire: async () => {
      leaseId = randomUUID();
      let told;
      const granted = new Promise((resolve) => (told = resolve));
      const stop = storage.watch(key, leaseId, (news) => news.type === 'granted' && told());
      const { acquired } = await storage.acquire({ key, leaseId, leaseMs, claimMs, holder, waitMs: 60_000 });
      if (!acquired) await granted;
      stop();
    },
    release: () => storage.release(key, leaseId),
    close: () => storage.close(),
  };
}

/** One of two processes that take turns. It tells when it got the lock and when it began to give it back. */
async function takeTurns(kind, url, turns) {
  const lock = await waiters[kind](url);
  process.send('ready');
  await once(process, 'message');
  const times = [];
  for (let turn = 0; turn < turns; turn += 1) {
    await lock.acquire();
    const acquired = process.hrtime.bigint();
    // Longer than the other one needs to stand in line again.
    await sleep(8);
    const released = process.hrtime.bigint();
    await lock.release();
    times.push([String(acquired), String(released)]);
  }
  process.send(times);
  await lock.close();
  process.disconnect();
}

/** Milliseconds from the call of a release to the other process that has the lock. */
async function handOvers(kind, url, turns) {
  const self = fileURLToPath(import.meta.url);
  const children = [0, 1].map(() => fork(self, ['turns', kind, url, String(turns)]));
  await Promise.all(children.map((child) => once(child, 'message')));
  const told = children.map((child) => once(child, 'message'));
  for (const child of children) child.send('go');
  const possessions = (await Promise.all(told)).flatMap(([times]) => times.map((pair) => pair.map(BigInt)));
  possessions.sort((a, b) => Number(a[0] - b[0]));
  return possessions.slice(1).map(([acquired], at) => Number(acquired - possessions[at][1]) / 1e6);
}

async function startServer() {
  const bin = process.env.POSTGRES_BIN?.replace(/\/[^/]*$/, '') ?? newest('/usr/lib/postgresql');
  const folder = mkdtempSync(join(tmpdir(), 'lockscope-bench-'));
  const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const as = process.getuid() === 0 ? { uid: id('-u'), gid: id('-g') } : {};
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid);
  const data = join(folder, 'data');
  const init = ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-locale', '-E', 'UTF8'];
  execFileSync(join(bin, 'initdb'), init, { stdio: 'ignore', cwd: folder, ...as });
  const port = await freePort();
  const args = [
    '-D',
    data,
    '-p',
    `${port}`,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `unix_socket_directories=${folder}`,
  ];
  const child = spawn(join(bin, 'postgres'), args, { stdio: 'ignore', cwd: folder, ...as });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  for (;;) {
    const client = new Client(url);
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query('SHOW server_version');
      await client.end();
      return { url, version: rows[0].server_version, stop: () => stop(child, folder) };
    } catch (error) {
      if (child.exitCode !== null) throw error;
      await sleep(20);
    }
  }
}

async function stop(child, folder) {
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  await gone;
  rmSync(folder, { recursive: true, force: true });
}

function newest(folder) {
  const [version] = readdirSync(folder).toSorted((a, b) => Number(b) - Number(a));
  return join(folder, version, 'bin');
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function main(rounds, turns) {
  const server = await startServer();
  console.log(`postgres ${server.version}, fsync on, node ${process.versions.node}, ${rounds} rounds, medians`);
  for (const loops of [1, 64]) {
    const results = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, make] of Object.entries(subjects)) {
        const subject = await make(server.url);
        await throughput(subject, loops, 200);
        results[name].push(await throughput(subject, loops, 800));
        await subject.close();
      }
    }
    console.log(
      `\nan acquire and a release, ${loops === 1 ? 'one after the other' : `${loops} at once`}, ${connections} connections`,
    );
    const bare = median(results['row insert/delete']);
    for (const [name, values] of Object.entries(results)) {
      const rate = median(values);
      console.log(
        `${name.padEnd(42)} ${Math.round(rate).toLocaleString('en').padStart(8)} cycles/s ${(rate / bare).toFixed(2)} of bare`,
      );
    }
  }
  console.log(`\nhand-over between two processes, ${turns} times a round, ms`);
  const times = Object.fromEntries(Object.keys(waiters).map((name) => [name, { all: [], p50: [] }]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of Object.keys(waiters)) {
      const taken = await handOvers(name, server.url, turns / 2);
      times[name].all.push(...taken);
      times[name].p50.push(median(taken));
    }
  }
  const bare = median(times.pg_advisory_lock.p50);
  for (const [name, { all, p50 }] of Object.entries(times)) {
    const at = [0.5, 0.9, 0.99].map((q) => quantile(all, q).toFixed(3)).join(' / ');
    console.log(`${name.padEnd(42)} p50 / p90 / p99 ${at}  ${(median(p50) / bare).toFixed(2)} of pg_advisory_lock`);
  }
  await server.stop();
}

if (process.argv[2] === 'turns') await takeTurns(process.argv[3], process.argv[4], Number(process.argv[5]));
else await main(Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 150));
