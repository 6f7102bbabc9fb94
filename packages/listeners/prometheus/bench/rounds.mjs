/**
 * Runs every case once a round, in reverse order every second round, and gives for each case the median of its times
 * and the median of its ratios to the first case of the same round. Medians of different runs are never divided. Time
 * is the CPU time of this process, so that other load on the machine counts less.
 *
 * @typedef {{ readonly name: string, readonly run: (times: number) => void | Promise<void> }} Case
 * @param {readonly Case[]} cases
 * @param {{ readonly rounds: number, readonly ms: number }} options
 */
export async function rounds(cases, { rounds: count, ms }) {
  const times = [];
  for (const one of cases) times.push(await calibrate(one, ms));
  /** @type {number[][]} */
  const perCall = cases.map(() => []);
  for (let round = 0; round < count; round += 1) {
    const order = cases.map((_, index) => index);
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      globalThis.gc?.();
      perCall[index].push(((await cpuMs(cases[index], times[index])) * 1e6) / times[index]);
    }
  }
  return cases.map(({ name }, index) => {
    const ratios = perCall[index].map((ns, round) => ns / perCall[0][round]).toSorted((a, b) => a - b);
    return { name, ns: median(perCall[index]), ratio: median(ratios), low: ratios[0], high: ratios.at(-1) };
  });
}

/** Warms a case up, and finds how often it runs in the given time; a hiccup must not pass for the cost of the case. */
async function calibrate(one, ms) {
  let times = 1;
  for (let enough = 0; enough < 3;) {
    const took = await cpuMs(one, times);
    if (took >= ms / 2) enough += 1;
    else {
      enough = 0;
      times *= 2;
    }
  }
  return times;
}

async function cpuMs({ run }, times) {
  const began = process.cpuUsage();
  await run(times);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e3;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** One table: the first case is 1. */
export function print(title, unit, results) {
  const [divisor, digits] = { ns: [1, 0], us: [1e3, 2], ms: [1e6, 3] }[unit];
  console.log(`\n${title}`);
  for (const { name, ns, ratio, low, high } of results) {
    const time = `${(ns / divisor).toFixed(digits)} ${unit}`;
    console.log(
      `  ${name.padEnd(58)} ${time.padStart(11)}   x${ratio.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`,
    );
  }
}
