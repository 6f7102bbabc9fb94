// What an uncontended acquire and release cost beside a bare `SET NX PX` with a scripted delete (goal 11): 64 loops, each
// with a key of its own, server and client on one core. Needs redis-server. Build first: `pnpm bench redis`.
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { judge, measure, print } from '../../../../test/bench/rounds.mjs';
import { RedisStorage } from '../dist/index.js';
import { pin, startServer } from './server.mjs';

const leaseMs = 30_000;
const loops = Number(process.env.LOOPS ?? 64);
const rounds = Number(process.env.ROUNDS ?? 15);
const holder = { ownerId: 'bench:1', host: 'bench', pid: process.pid, service: 'orders', operation: 'POST /orders' };
const deletes = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;

/** A case of `measure`: the operations are shared among the loops. */
function inLoops(name, cycle, close) {
  return {
    name,
    close,
    async run(operations) {
      let left = operations;
      const loop = async (_, index) => {
        const key = `orders/${index}`;
        while (left-- > 0) await cycle(key);
      };
      await Promise.all(Array.from({ length: loops }, loop));
    },
  };
}

async function bareIoredis(port) {
  const client = new Redis({ port });
  client.defineCommand('release', { numberOfKeys: 1, lua: deletes });
  const cycle = async (key) => {
    const token = randomUUID();
    if ((await client.set(`bare:${key}`, token, 'PX', leaseMs, 'NX')) !== 'OK') throw new Error('not free');
    if ((await client.release(`bare:${key}`, token)) !== 1) throw new Error('not released');
  };
  return inLoops('bare ioredis', cycle, () => client.disconnect());
}

async function bareNodeRedis(port) {
  const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
  const sha = await client.scriptLoad(deletes);
  const cycle = async (key) => {
    const token = randomUUID();
    await client.set(`bare:${key}`, token, { PX: leaseMs, NX: true });
    await client.evalSha(sha, { keys: [`bare:${key}`], arguments: [token] });
  };
  return inLoops('bare node-redis', cycle, () => client.destroy());
}

function lockscope(name, client, end, holderOf = () => holder) {
  const storage = new RedisStorage({ client });
  const cycle = async (key) => {
    const leaseId = randomUUID();
    const { acquired } = await storage.acquire({ key, leaseId, leaseMs, holder: holderOf(), waitMs: 5000 });
    if (!acquired) throw new Error('not free');
    if (!(await storage.release(key, leaseId)).released) throw new Error('not released');
  };
  return inLoops(name, cycle, async () => {
    await storage.close();
    end();
  });
}

async function lockscopeIoredis(port) {
  const client = new Redis({ port });
  return lockscope('lockscope, ioredis', client, () => client.disconnect());
}

async function lockscopeNodeRedis(port) {
  const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
  return lockscope('lockscope, node-redis', client, () => client.destroy());
}

const server = await startServer();
const pinned = pin(process.pid, server.pid);
console.log(
  `redis ${/redis_version:(\S+)/.exec(await server.client.info('server'))[1]}, ${pinned ? 'pinned to one core' : 'NOT pinned: the ratios say little'}`,
);

const first = await measure([await bareIoredis(server.port), await lockscopeIoredis(server.port)], { rounds });
print(`An acquire and a release, ioredis, ${loops} at once`, first);
judge('goal 11, time against bare (0.92 of its throughput)', first[2].ratio, 1 / 0.92);
const second = await measure([await bareNodeRedis(server.port), await lockscopeNodeRedis(server.port)], { rounds });
print(`An acquire and a release, node-redis, ${loops} at once`, second);
judge('goal 11, time against bare (0.92 of its throughput)', second[2].ratio, 1 / 0.92);
server.stop();
