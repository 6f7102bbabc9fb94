// Events through the durable dispatcher beside jobs through plain BullMQ, on one Redis, in one run.
// Build first, then: node packages/dispatchers/bullmq/bench/bullmq.bench.mjs [rounds] [events]
import { bullmqDispatcher } from '@lockscope/dispatcher-bullmq';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

import { median } from '../../../../test/bench/rounds.mjs';
import { startServer } from '../../../../test/bench/storage-cycles.mjs';

const rounds = Number(process.argv[2] ?? 5);
const events = Number(process.argv[3] ?? 5_000);
const concurrency = 40;
const port = 29_000 + (process.pid % 1000);
const server = startServer(process.env.REDIS_SERVER_BIN ?? 'redis-server', (folder) =>
  ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''].concat([
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
  ]),
);
const connection = { host: '127.0.0.1', port };

async function ready() {
  const client = new Redis({ ...connection, retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => {});
  await client.ping();
  client.disconnect();
}

/** How many a second go from the dispatch to the end of the handler, and how long each was on its way. */
async function timed(give, whenHandled) {
  const waited = [];
  const from = performance.now();
  const all = new Promise((resolve) => {
    whenHandled((at) => {
      waited.push(performance.now() - at);
      if (waited.length === events) resolve();
    });
  });
  const lot = 500;
  for (let n = 0; n < events; n += lot)
    await Promise.all(Array.from({ length: Math.min(lot, events - n) }, () => give(performance.now())));
  await all;
  const seconds = (performance.now() - from) / 1000;
  const sorted = waited.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.floor(sorted.length * share)] ?? NaN;
  return { perSecond: events / seconds, p50: at(0.5), p99: at(0.99) };
}

await ready();
let tell = () => {};
const heard = (then) => void (tell = then);

const queue = new Queue('plain', { connection });
const worker = new Worker('plain', async ({ data }) => tell(data.at), { connection, concurrency });
const dispatcher = bullmqDispatcher({ connection, parallel: concurrency });
dispatcher.register('orders', ({ at }) => tell(at), { name: 'bench' });
await Promise.all([dispatcher.ready(), worker.waitUntilReady()]);

const options = { removeOnComplete: true };
const cases = {
  'plain BullMQ, add': () => timed((at) => queue.add('event', { at }, options), heard),
  'plain BullMQ, add, again': () => timed((at) => queue.add('event', { at }, options), heard),
  'the dispatcher, one handler': () => timed((at) => dispatcher.dispatch('orders', { at }), heard),
};
const results = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
for (const [name, run] of Object.entries(cases)) await run(name);
for (let round = 0; round < rounds; round += 1) {
  const order = Object.entries(cases);
  for (const [name, run] of round % 2 === 0 ? order : order.toReversed()) results[name].push(await run());
}
const base = median(results['plain BullMQ, add'].map(({ perSecond }) => perSecond));
console.log(`${events} events a round, ${rounds} rounds, medians; Redis with appendfsync everysec`);
for (const [name, all] of Object.entries(results)) {
  const of = (field) => median(all.map((one) => one[field]));
  const ratio = (of('perSecond') / base).toFixed(2);
  const times = `p50 ${of('p50').toFixed(1)} ms, p99 ${of('p99').toFixed(1)} ms`;
  console.log(`${name}: ${Math.round(of('perSecond')).toLocaleString('en')} events/s (${ratio}), ${times}`);
}
await Promise.all([dispatcher.close(), worker.close(), queue.close()]);
server.kill();
