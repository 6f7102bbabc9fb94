// What one round trip through a driver costs: request, queue, consumer, answer.
// Run after a build: taskset -c 1 node --expose-gc packages/delivery/bench/requests.bench.mjs [rounds] [ms per case]
import { Driver } from '@lockscope/delivery';

import { cpuClock, measure, print } from '../../../test/bench/rounds.mjs';

const rounds = Number(process.argv[2] ?? 11);
const roundMs = Number(process.argv[3] ?? 200);

function served(capacity) {
  const driver = new Driver({ capacity });
  void driver.consumer().serve({ count: (n) => n + 1, note: () => {} });
  return driver.producer();
}

async function work(n) {
  return n + 1;
}

const one = served(200);
const many = served(200);
const looped = new Driver({ capacity: 200 });
void (async () => {
  for await (const event of looped.consumer()) void event.reply(() => event.payload + 1);
})();
const asker = looped.producer();
const sink = served(1000);

const cases = [
  {
    name: 'an async function, awaited',
    run: async (times) => {
      for (let n = 0; n < times; n += 1) await work(n);
    },
  },
  {
    name: 'a timer made and cleared',
    run: async (times) => {
      for (let n = 0; n < times; n += 1) {
        const timer = setTimeout(() => {}, 2000);
        await work(n);
        clearTimeout(timer);
      }
    },
  },
  {
    name: 'a request to serve()',
    run: async (times) => {
      for (let n = 0; n < times; n += 1) await one.request('count', n, { timeoutMs: 2000 });
    },
  },
  {
    name: 'a request to serve(), 100 at a time',
    run: async (times) => {
      let left = times;
      const worker = async () => {
        while ((left -= 1) >= 0) await many.request('count', left, { timeoutMs: 2000 });
      };
      await Promise.all(Array.from({ length: 100 }, worker));
    },
  },
  {
    name: 'a request to a for await loop',
    run: async (times) => {
      for (let n = 0; n < times; n += 1) await asker.request('count', n, { timeoutMs: 2000 });
    },
  },
  {
    name: 'a one-way event to serve()',
    run: async (times) => {
      for (let n = 0; n < times; n += 1) await sink.send('note', n);
    },
  },
];

// In CPU time, so that other load on the machine counts less.
const rows = await measure(cases, { rounds, roundMs, clock: cpuClock() });
print(`One round trip through a driver: CPU time, ${rounds} rounds of ${roundMs} ms`, rows);
console.log('');
for (const { name, ns } of rows.slice(3)) console.log(`${name}: ${Math.round(1e9 / ns).toLocaleString('en')} a second`);
