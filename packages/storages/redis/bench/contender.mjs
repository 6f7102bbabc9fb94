// One contender of redis-contended.bench.mjs, in a process of its own: takes the one lock, holds it for about a
// millisecond, gives it back, thinks, again. Sends how often and after which waits.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { RedisStorage } from '../dist/index.js';

const [kind, port, thinkMs] = process.argv.slice(2);
const client = new Redis({ port: Number(port) });
const contenders = {
  /** The limit: a list that holds one token; no lease. */
  blpop: () => ({
    acquire: () => client.blpop('token', 0),
    release: () => client.rpush('token', '1'),
  }),
  lockscope: () => {
    const storage = new RedisStorage({ client });
    const holder = { ownerId: `bench:${process.pid}`, host: 'bench', pid: process.pid, operation: 'POST /orders' };
    let leaseId = '';
    return {
      acquire: async () => {
        leaseId = randomUUID();
        let stop;
        const handed = new Promise((resolve) => {
          stop = storage.watch('contended', leaseId, resolve);
        });
        const request = { key: 'contended', leaseId, leaseMs: 30_000, holder, waitMs: 60_000, claimMs: 10_000 };
        if (!(await storage.acquire(request)).acquired) await handed;
        stop();
      },
      release: () => storage.release('contended', leaseId),
    };
  },
};
const contender = contenders[kind]();
const waits = [];
const state = { running: false };

async function contend() {
  while (state.running) {
    const start = performance.now();
    await contender.acquire();
    waits.push(performance.now() - start);
    await sleep(1);
    await contender.release();
    if (Number(thinkMs) > 0) await sleep(Math.random() * Number(thinkMs));
  }
  process.send(waits);
  waits.length = 0;
}

process.on('message', (message) => {
  if (message === 'start') {
    state.running = true;
    void contend();
  } else if (message === 'stop') {
    state.running = false;
  } else {
    process.exit(0);
  }
});
await client.ping();
process.send('ready');
