// What the dispatcher of one process costs beside p-queue and fastq, how long an event waits for its handler, and how
// precise a delay is. Build first, then: node packages/delivery/bench/dispatcher.bench.mjs [rounds] [ms per case]
import { localDispatcher } from '@lockscope/delivery';
import fastq from 'fastq';
import PQueue from 'p-queue';

import { measure } from '../../../test/bench/rounds.mjs';

const rounds = Number(process.argv[2] ?? 9);
const roundMs = Number(process.argv[3] ?? 200);
const parallel = 40;
/** As many at a time as fit into a queue of ordinary size. */
const atOnce = 1_000;

const handler = async () => {};
const nothing = () => {};

/** Gives a thousand, waits until all are handled, and so on. */
async function inBatches(times, batch) {
  for (let left = times; left > 0; left -= atOnce) await batch(Math.min(left, atOnce));
}

function dispatcherCase(options) {
  const dispatcher = localDispatcher({ parallel, maxQueued: 10 * atOnce });
  let waiting = 0;
  let done = nothing;
  dispatcher.register(
    'orders',
    async () => {
      waiting -= 1;
      if (waiting === 0) done();
    },
    options,
  );
  return (times) =>
    inBatches(times, async (count) => {
      waiting = count;
      const all = new Promise((resolve) => (done = resolve));
      for (let n = 0; n < count; n += 1) void dispatcher.dispatch('orders', n);
      await all;
    });
}

const queue = new PQueue({ concurrency: parallel });
const fast = fastq.promise(handler, parallel);
const cases = [
  { name: 'the dispatcher', run: dispatcherCase({}) },
  { name: 'the dispatcher, with a time limit', run: dispatcherCase({ timeLimitMs: 1_000 }) },
  {
    name: 'p-queue',
    run: (times) =>
      inBatches(times, async (count) => {
        for (let n = 0; n < count; n += 1) void queue.add(handler);
        await queue.onIdle();
      }),
  },
  {
    name: 'fastq (promise)',
    run: (times) =>
      inBatches(times, async (count) => {
        const all = [];
        for (let n = 0; n < count; n += 1) all.push(fast.push(n));
        await Promise.all(all);
      }),
  },
];
console.log(`events, ${parallel} handled at once, in lots of ${atOnce}:`);
const rows = await measure(cases, { rounds, roundMs });
for (const { name, ns, ratio, low, high } of rows) {
  const perSecond = Math.round(1e9 / ns).toLocaleString('en');
  console.log(
    `  ${name}: ${perSecond} events/s, ${ratio.toFixed(2)} times the time (${low.toFixed(2)} to ${high.toFixed(2)})`,
  );
}

function percentiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share) => (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(3);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

async function oneByOne(give, count) {
  const waited = [];
  for (let n = 0; n < count; n += 1) {
    await give((ms) => waited.push(ms));
    if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return waited;
}

const single = localDispatcher();
let handled = () => {};
single.register('orders', (from) => handled(performance.now() - from));
console.log('\nfrom the dispatch to the handler, one event at a time (the Go original: about 0.010 ms):');
const instant = (tell) =>
  new Promise((resolve) => {
    handled = (ms) => {
      tell(ms);
      resolve();
    };
    void single.dispatch('orders', performance.now());
  });
await oneByOne(instant, 2_000);
console.log(`  the dispatcher: ${percentiles(await oneByOne(instant, 10_000))}`);
const queued = (tell) => {
  const from = performance.now();
  return queue.add(async () => tell(performance.now() - from));
};
await oneByOne(queued, 2_000);
console.log(`  p-queue: ${percentiles(await oneByOne(queued, 10_000))}`);

// What waits keeps no process alive.
const alive = setInterval(() => {}, 1_000);
const delays = await new Promise((resolve) => {
  const late = [];
  handled = (ms) => {
    late.push(ms);
    if (late.length === 200) resolve(late);
  };
  // One every 7 ms, so that each has a timer of its own.
  let sent = 0;
  const sending = setInterval(() => {
    void single.dispatch('orders', performance.now(), { delayMs: 100 });
    if ((sent += 1) === 200) clearInterval(sending);
  }, 7);
});
console.log(`\nan event delayed by 100 ms is handled after (the Go original: 865 ms): ${percentiles(delays)}`);
clearInterval(alive);
await single.close();
