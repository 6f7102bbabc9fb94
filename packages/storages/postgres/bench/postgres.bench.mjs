// What a lock costs beside what PostgreSQL does at best: a row that is inserted and deleted, and an advisory lock; and how
// long a lock is free between two processes. Needs postgres and initdb. Build first: `pnpm bench postgres`.
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Pool } from 'pg';
import { judge, measure, median, print } from '../../../../test/bench/rounds.mjs';
import { PostgresStorage } from '../dist/index.js';
import { startServer } from './server.mjs';

const rounds = Number(process.env.ROUNDS ?? 7);
const turns = Number(process.env.TURNS ?? 100);
const leaseMs = 30_000;
const claimMs = 2000;
const connections = 8;
const holder = { ownerId: 'bench:1', host: 'bench', pid: process.pid, service: 'orders', operation: 'POST /orders' };

/** A case of `measure`: the operations are shared among the loops, each with a key of its own. */
function inLoops(name, loops, { cycle, close }) {
  return {
    name,
    close,
    async run(operations) {
      let left = operations;
      const loop = async (_, index) => {
        while (left-- > 0) await cycle(`orders/${index}`);
      };
      await Promise.all(Array.from({ length: loops }, loop));
    },
  };
}

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
      const unwatch = storage.watch(key, leaseId, (news) => news.type === 'granted' && told());
      const { acquired } = await storage.acquire({ key, leaseId, leaseMs, claimMs, holder, waitMs: 60_000 });
      if (!acquired) await granted;
      unwatch();
    },
    release: () => storage.release(key, leaseId),
    close: () => storage.close(),
  };
}

/** Milliseconds on a clock that all processes share. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

/** One of two processes that take turns. It tells when it got the lock and when it began to give it back. */
async function takeTurns(kind, url) {
  const lock = await waiters[kind](url);
  process.send('ready');
  await once(process, 'message');
  const times = [];
  for (let turn = 0; turn < turns; turn += 1) {
    await lock.acquire();
    const acquired = now();
    // Longer than the other one needs to stand in line again.
    await sleep(8);
    const released = now();
    await lock.release();
    times.push([acquired, released]);
  }
  process.send(times);
  await lock.close();
  process.disconnect();
}

/** Milliseconds from the call of a release to the other process that has the lock. */
async function handOvers(kind, url) {
  const self = fileURLToPath(import.meta.url);
  const children = [0, 1].map(() => fork(self, ['turns', kind, url]));
  await Promise.all(children.map((child) => once(child, 'message')));
  const told = children.map((child) => once(child, 'message'));
  for (const child of children) child.send('go');
  const possessions = (await Promise.all(told)).flatMap(([times]) => times);
  possessions.sort((a, b) => a[0] - b[0]);
  return possessions.slice(1).map(([acquired], at) => acquired - possessions[at][1]);
}

async function main() {
  const server = await startServer();
  const { url } = server;
  console.log(`postgres ${server.version}, fsync on, ${connections} connections`);
  for (const loops of [1, 64]) {
    const rows = await measure(
      [
        inLoops('row insert/delete', loops, await bareRow(url, 'on')),
        inLoops('row insert/delete, synchronous_commit off', loops, await bareRow(url, 'off')),
        inLoops('pg_advisory_lock', loops, await bareAdvisory(url)),
        inLoops('lockscope, grants (default)', loops, await lockscope(url, 'grants')),
        inLoops('lockscope, all', loops, await lockscope(url, 'all')),
        inLoops('lockscope, none', loops, await lockscope(url, 'none')),
      ],
      { rounds, roundMs: 400 },
    );
    print(`An acquire and a release, ${loops === 1 ? 'one after the other' : `${loops} at once`}`, rows);
  }
  const kinds = ['pg_advisory_lock', ...Object.keys(waiters)];
  const times = kinds.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, kind] of kinds.entries()) times[index].push(median(await handOvers(kind, url)) * 1e6);
  }
  const rows = kinds.map((kind, index) => {
    const ratios = times[index].map((ns, round) => ns / times[1][round]).toSorted((a, b) => a - b);
    const [low, high] = [ratios[Math.floor(rounds / 4)], ratios[Math.floor((rounds * 3) / 4)]];
    return {
      name: index === 0 ? `${kind}, again` : kind,
      ns: median(times[index]),
      ratio: median(ratios),
      low,
      high,
      bytes: 0,
    };
  });
  print(`Hand-over between two processes, median of ${2 * turns}`, rows);
  judge('hand-over against pg_advisory_lock', rows[2].ratio, 1.2);
  await server.stop();
}

if (process.argv[2] === 'turns') await takeTurns(process.argv[3], process.argv[4]);
else await main();
