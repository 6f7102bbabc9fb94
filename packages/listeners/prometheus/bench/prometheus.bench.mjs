// What recording and scraping cost here and with prom-client, side by side in one run. Build first, then:
//   taskset -c 1 node --expose-gc packages/listeners/prometheus/bench/prometheus.bench.mjs
import { createRequire } from 'node:module';

import { Registry } from 'prom-client';

import { ListenerSet } from '@lockscope/core';

import { Families } from '../dist/families.js';
import { LabelLevel } from '../dist/label-level.js';
import { Labels } from '../dist/labels.js';
import { NameSeries } from '../dist/name-series.js';
import { prometheus } from '../dist/prometheus.js';
import { RegisteredMetric } from '../dist/registered-metric.js';
import { cpuClock, measure, print } from '../../../../test/bench/rounds.mjs';
import { byHand } from './by-hand.mjs';

const unlimited = { names: 1e6, operations: 1e6, blamePairs: 1e6, systems: 1e6, errorTypes: 1e6, listeners: 1e6 };
const quick = process.argv.includes('--quick');
// In CPU time, so that other load on the machine counts less.
const clock = cpuClock();
const recording = quick ? { rounds: 5, roundMs: 40, clock } : { rounds: 31, roundMs: 100, clock };
const scraping = { ...(quick ? { rounds: 5, roundMs: 40 } : { rounds: 25, roundMs: 120 }), clock, heap: false };
const { version } = createRequire(import.meta.url)('prom-client/package.json');
const gc = globalThis.gc === undefined ? ' (no --expose-gc: noisier)' : '';
console.log(
  `Node ${process.versions.node}, prom-client ${version}, ${process.arch}${gc}; ratios are medians of per-round ratios`,
);

await observations();
await cycles();
for (const kind of ['counter', 'histogram']) for (const series of [1000, 10_000]) await scrapes(kind, series);

/** One observation with its label look-up, on 18 label sets. */
async function observations() {
  const names = Array.from({ length: 18 }, (_, index) => `orders-${index}/{id}`);
  const waits = Array.from({ length: 64 }, (_, index) => (index * 37) % 2500);
  const families = new Families({});
  const labels = new Labels(unlimited, families.value('lockscope.series.overflow'), () => {});
  const level = new LabelLevel(labels.names, (name) => new NameSeries(name, families, labels));
  const hand = byHand(new Registry());
  const promCounter = (times) => {
    for (let at = 0; at < times; at += 1) {
      hand.attempts.inc({ lock_name: names[at % 18], lock_system: 'redis', lock_attempt_result: 'acquired' });
    }
  };
  const promHistogram = (times) => {
    for (let at = 0; at < times; at += 1) {
      const set = {
        lock_name: names[at % 18],
        lock_system: 'redis',
        lock_mode: 'exclusive',
        lock_outcome: 'acquired',
        lock_contended: 'false',
      };
      hand.acquires.observe(set, waits[at & 63] / 1000);
    }
  };
  const ownCounter = (times) => {
    for (let at = 0; at < times; at += 1)
      level
        .find(names[at % 18])
        .systems.find('redis')
        .attempts.find('acquired')
        .add(1);
  };
  const ownHistogram = (times) => {
    for (let at = 0; at < times; at += 1) {
      const { acquires } = level.find(names[at % 18]).systems.find('redis');
      acquires
        .find('exclusive')
        .find('acquired')
        .find('false')
        .observe(waits[at & 63]);
    }
  };
  print(
    'one counter increment, 3 labels looked up',
    await measure(
      [
        { name: 'prom-client counter.inc(labels)', run: promCounter },
        { name: 'this listener', run: ownCounter },
      ],
      recording,
    ),
  );
  print(
    'one histogram observation, 5 labels looked up',
    await measure(
      [
        { name: 'prom-client histogram.observe(labels, value)', run: promHistogram },
        { name: 'this listener', run: ownHistogram },
      ],
      recording,
    ),
  );
}

/** All that one lock cycle records: two histograms, a counter, a gauge up and down. */
async function cycles() {
  const trees = endedTrees(18);
  const own = prometheus({ registry: new Registry() });
  const hand = byHand(new Registry());
  const telling = (listener) => (times) => {
    for (let at = 0; at < times; at += 1) {
      const [acquire, lock] = trees[at % 18];
      listener.on(acquire);
      listener.on(lock);
    }
  };
  print(
    'the events of one uncontended lock and unlock, told to a listener',
    await measure(
      [
        { name: 'hand-written listener on prom-client', run: telling(hand) },
        { name: 'this listener', run: telling(own) },
      ],
      recording,
    ),
  );
}

/** Scrapes of so many series. The length in bytes is asked for, as for a response: V8 lays the text out then. */
async function scrapes(kind, series) {
  const hand = new Registry();
  const { attempts, acquires } = byHand(hand);
  for (const name of ['lock_hold_duration_seconds', 'lock_holder_count']) hand.removeSingleMetric(name);
  hand.removeSingleMetric(kind === 'counter' ? 'lock_acquire_duration_seconds' : 'lock_acquire_attempts_total');
  const families = new Families({});
  const family =
    kind === 'counter' ? families.value('lock.acquire.attempts') : families.histogram('lock.acquire.duration');
  for (let at = 0; at < series; at += 1) {
    const lockName = `orders-${at}/{id}`;
    const own = { 'lock.name': lockName, 'lock.system': 'redis' };
    const theirs = { lock_name: lockName, lock_system: 'redis' };
    if (kind === 'counter') {
      attempts.inc({ ...theirs, lock_attempt_result: 'acquired' }, at * 7 + 1);
      family.add({ ...own, 'lock.attempt_result': 'acquired' }).add(at * 7 + 1);
      continue;
    }
    const set = { ...theirs, lock_mode: 'exclusive', lock_outcome: 'acquired', lock_contended: 'false' };
    const cell = family.add({
      ...own,
      'lock.mode': 'exclusive',
      'lock.outcome': 'acquired',
      'lock.contended': 'false',
    });
    for (let n = 0; n < 20; n += 1) {
      acquires.observe(set, (at * n) % 70);
      cell.observe(((at * n) % 70) * 1000);
    }
  }
  const registered = new Registry();
  registered.registerMetric(new RegisteredMetric(family));
  const text = await hand.metrics();
  if (text !== `${family.render()}\n` || text !== (await registered.metrics())) throw new Error('not the same output');
  const rendering = (times) => {
    for (let at = 0; at < times; at += 1) Buffer.byteLength(family.render());
  };
  const lines = text.split('\n').length - 3;
  print(
    `one scrape of ${series} series of a ${kind} (${lines} lines, ${Math.round(text.length / 1024)} kB)`,
    await measure(
      [
        { name: 'prom-client registry.metrics()', run: scrape(hand) },
        { name: 'this listener, render()', run: rendering },
        { name: "this listener, in prom-client's registry.metrics()", run: scrape(registered) },
      ],
      scraping,
    ),
    'ms',
  );
}

/** @param {Registry} registry */
function scrape(registry) {
  return async (times) => {
    for (let at = 0; at < times; at += 1) Buffer.byteLength(await registry.metrics());
  };
}

/** Ended acquire and lock events of so many names, each tree as storage-lock makes it. */
function endedTrees(count) {
  const ended = [];
  const set = new ListenerSet({
    listeners: [{ name: 'recorder', on: (event) => void ended.push(event), types: ['lock', 'lock.acquire'] }],
  });
  return Array.from({ length: count }, (_, at) => {
    ended.length = 0;
    const lock = set.begin('lock', {
      lockName: `orders-${at}/{id}`,
      lockKey: `orders-${at}/42`,
      storageName: 'redis',
      ownerId: 'o',
    });
    const acquire = lock.child('lock.acquire');
    acquire.end('acquired', { details: { attempts: 1, waitMs: 1 + at, contended: false, fencingToken: at } });
    lock.end('released', {
      details: { contended: false, waitMs: 1 + at, holdMs: 20 + at, leaseMs: 30_000, renewals: 0, depth: 1 },
    });
    return [...ended];
  });
}
