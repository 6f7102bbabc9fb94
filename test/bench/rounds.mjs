// How everything here is measured: warm up, then rounds in which every case runs once, in reverse order every second
// round, after a forced garbage collection. A ratio is taken inside each round; what is printed is the median over the
// rounds. The first case is the base and runs twice in each round: its ratio to itself is the noise of this run.
import { readFileSync, readdirSync } from 'node:fs';

/**
 * @typedef {{ name: string, run(operations: number): unknown, close?(): unknown }} Case
 * @typedef {{ name: string, ns: number, ratio: number, low: number, high: number, bytes: number }} Row
 */

// Only the young generation: a full collection also throws away what the compiler has learnt.
const gc = () => globalThis.gc?.({ type: 'minor' });

/** `--quick` shows that everything runs; its numbers say nothing. */
const quick = process.argv.includes('--quick');

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/**
 * What a clock of `measure` shows, in nanoseconds: the time of the wall, or the time that this process and others whose
 * ids are given were at work. The latter does not count what else runs on the machine, and is the same as the former
 * where all of them share one core that is never idle.
 */
export const wallClock = () => Number(process.hrtime.bigint());
/** @param {readonly number[]} [others] */
export function cpuClock(others = []) {
  return () => {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1000 + others.reduce((sum, pid) => sum + ranNs(pid), 0);
  };
}

/** How long the threads of a process have run, in nanoseconds. Linux only. @param {number} pid */
export function ranNs(pid) {
  const tasks = `/proc/${pid}/task`;
  let sum = 0;
  for (const task of readdirSync(tasks))
    sum += Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
  return sum;
}

/**
 * @param {Case[]} cases the first one is the base
 * @param {{ rounds?: number, roundMs?: number, clock?: () => number, heap?: boolean }} [options] `heap`: whether to
 *   measure bytes too, which runs each case two thousand times more
 * @returns {Promise<Row[]>}
 */
export async function measure(cases, { rounds = 15, roundMs = 200, clock = wallClock, heap = true } = {}) {
  const [base] = cases;
  if (base === undefined) throw new Error('there is nothing to measure');
  if (quick) [rounds, roundMs] = [1, 1];
  const all = [];
  for (const one of [{ ...base, name: `${base.name}, again` }, ...cases]) {
    /** @type {number[]} */
    const times = [];
    all.push({ one, times, operations: await calibrate(one, roundMs, clock) });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { one, times, operations } of round % 2 === 0 ? all : all.toReversed())
      times.push(await time(one, operations, clock));
  }
  const bases = all[1]?.times ?? [];
  /** @type {Row[]} */
  const rows = [];
  for (const { one, times } of all) {
    const ratios = times.map((ns, round) => ns / (bases[round] ?? NaN)).toSorted((a, b) => a - b);
    rows.push({
      name: one.name,
      ns: median(times),
      ratio: median(ratios),
      low: ratios[Math.floor(ratios.length / 4)] ?? NaN,
      high: ratios[Math.floor((ratios.length * 3) / 4)] ?? NaN,
      bytes: heap ? await bytes(one) : NaN,
    });
  }
  for (const one of cases) await one.close?.();
  return rows;
}

/**
 * Nanoseconds of one operation in this round.
 *
 * @param {Case} one
 * @param {number} operations
 * @param {() => number} clock
 */
async function time(one, operations, clock) {
  gc();
  const start = clock();
  const running = one.run(operations);
  if (running instanceof Promise) await running;
  return (clock() - start) / operations;
}

/** Bytes that one operation puts on the heap: measured over few enough that no collection comes in between. @param {Case} one */
async function bytes(one) {
  const few = 400;
  /** @type {number[]} */
  const seen = [];
  for (let round = 0; round < 5; round += 1) {
    gc();
    const before = process.memoryUsage().heapUsed;
    const running = one.run(few);
    if (running instanceof Promise) await running;
    seen.push((process.memoryUsage().heapUsed - before) / few);
  }
  return Math.max(0, Math.round(median(seen)));
}

/**
 * How many operations fill a round; warms the case up on the way.
 *
 * @param {Case} one
 * @param {number} roundMs
 * @param {() => number} clock
 */
async function calibrate(one, roundMs, clock) {
  let operations = 1;
  for (;;) {
    const ns = await time(one, operations, clock);
    if (ns * operations > roundMs * 1e6 || operations > 1e8) break;
    operations = Math.ceil(operations * Math.min(8, Math.max(1.2, (roundMs * 1.1e6) / (ns * operations))));
  }
  return operations;
}

/**
 * @param {string} title
 * @param {Row[]} rows
 * @param {'ns' | 'us' | 'ms'} [unit]
 */
export function print(title, rows, unit = 'ns') {
  const [noise, base] = rows;
  if (noise === undefined || base === undefined) return;
  console.log(`\n## ${title}\n`);
  console.log(`| case | ${unit} | x base | quartiles | added ${unit} | bytes |`);
  console.log(`|---|---:|---:|---:|---:|---:|`);
  for (const { name, ns, ratio, low, high, bytes: size } of rows) {
    const spread = `${low.toFixed(2)} to ${high.toFixed(2)}`;
    console.log(
      `| ${name} | ${format(ns / units[unit])} | ${ratio.toFixed(2)} | ${spread} | ${format(((ratio - 1) * base.ns) / units[unit])} | ${Number.isNaN(size) ? '-' : size} |`,
    );
  }
  noiseNow = Math.abs(noise.ratio - 1);
}

/** How far the base of the table that was printed last is off from itself. */
let noiseNow = 0;
const tolerated = 0.03;

/**
 * @param {string} goal
 * @param {number} value
 * @param {number} bound
 */
export function judge(goal, value, bound) {
  const verdict = value <= bound ? 'met   ' : noiseNow > tolerated ? 'UNSURE' : 'MISSED';
  const why =
    verdict === 'UNSURE'
      ? `; the base is off from itself by ${(noiseNow * 100).toFixed(0)} %, run it again on a quiet machine`
      : '';
  console.log(`${verdict} ${goal}: ${value.toFixed(2)} (at most ${bound})${why}`);
}

const units = { ns: 1, us: 1e3, ms: 1e6 };

/** @param {number} value */
function format(value) {
  return value.toFixed(Math.abs(value) < 1 ? 3 : Math.abs(value) < 100 ? 1 : 0);
}
