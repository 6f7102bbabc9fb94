// How everything here is measured: warm up, then rounds in which every case runs once, in reverse order every second
// round, after a forced garbage collection. A ratio is taken inside each round; what is printed is the median over the
// rounds. The first case is the base and runs twice in each round: its ratio to itself is the noise of this run.

/**
 * @typedef {{ name: string, run(operations: number): unknown, close?(): unknown }} Case
 * @typedef {{ name: string, ns: number, ratio: number, low: number, high: number, bytes: number }} Row
 */

// Only the young generation: a full collection also throws away what the compiler has learnt.
const gc = () => globalThis.gc?.({ type: 'minor' });

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * @param {Case[]} cases the first one is the base
 * @param {{ rounds?: number, roundMs?: number }} [options]
 * @returns {Promise<Row[]>}
 */
export async function measure(cases, { rounds = 15, roundMs = 200 } = {}) {
  const [base] = cases;
  const all = [{ ...base, name: `${base.name}, again` }, ...cases];
  const operations = [];
  for (const one of all) operations.push(await calibrate(one, roundMs));
  /** @type {number[][]} */
  const times = all.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    const order = all.map((_, index) => index);
    if (round % 2 === 1) order.reverse();
    for (const index of order) times[index].push(await time(all[index], operations[index]));
  }
  const rows = [];
  for (const [index, one] of all.entries()) {
    const ratios = times[index].map((ns, round) => ns / times[1][round]).toSorted((a, b) => a - b);
    rows.push({
      name: one.name,
      ns: median(times[index]),
      ratio: median(ratios),
      low: ratios[Math.floor(ratios.length / 4)],
      high: ratios[Math.floor((ratios.length * 3) / 4)],
      bytes: await bytes(one),
    });
  }
  for (const one of cases) await one.close?.();
  return rows;
}

/** Nanoseconds of one operation in this round. */
async function time(one, operations) {
  gc();
  const start = process.hrtime.bigint();
  const running = one.run(operations);
  if (running instanceof Promise) await running;
  return Number(process.hrtime.bigint() - start) / operations; // oxlint-disable-line typescript/no-unnecessary-type-conversion -- a bigint
}

/** Bytes that one operation puts on the heap: measured over few enough that no collection comes in between. */
async function bytes(one) {
  const few = 400;
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

/** How many operations fill a round; warms the case up on the way. */
async function calibrate(one, roundMs) {
  let operations = 64;
  for (;;) {
    const ns = await time(one, operations);
    if (ns * operations > roundMs * 1e6 || operations > 1e8) break;
    operations = Math.ceil(operations * Math.min(8, Math.max(1.2, (roundMs * 1.1e6) / (ns * operations))));
  }
  return operations;
}

/**
 * @param {string} title
 * @param {Row[]} rows
 */
export function print(title, rows) {
  const [noise, base] = rows;
  console.log(`\n## ${title}\n`);
  console.log(`| case | ns | x base | quartiles | added ns | bytes |`);
  console.log(`|---|---:|---:|---:|---:|---:|`);
  for (const { name, ns, ratio, low, high, bytes: size } of rows) {
    const spread = `${low.toFixed(2)} to ${high.toFixed(2)}`;
    console.log(
      `| ${name} | ${format(ns)} | ${ratio.toFixed(2)} | ${spread} | ${format((ratio - 1) * base.ns)} | ${size} |`,
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

function format(ns) {
  return Math.abs(ns) < 100 ? ns.toFixed(1) : ns.toFixed(0);
}
