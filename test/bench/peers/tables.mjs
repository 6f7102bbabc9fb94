// Tables out of saved results, for the console and for READMEs.

/** @typedef {import('./results.ts').Measurement} Measurement */
/** @typedef {import('./results.ts').Results} Results */

/** @type {(digits: number) => (value: number) => string} */
const digits = (count) => (value) => value.toFixed(count);
const ratio = digits(2);
/** @type {(value: number) => string} */
const percent = (value) => `${(value * 100).toFixed(0)} %`;

/**
 * The columns of each kind: head, name of the number, how it is written.
 *
 * @type {Record<Measurement['kind'], readonly (readonly [string, string, (value: number) => string])[]>}
 */
const columns = {
  uncontended: [
    ['cycles, of the base', 'ofBase', ratio],
    ['quartiles', 'low', ratio],
    ['', 'high', ratio],
    ['us a cycle', 'microseconds', digits(1)],
    ['of it the server', 'serverMicroseconds', digits(1)],
    ['commands a cycle', 'commands', digits(1)],
  ],
  handover: [
    ['p50, times the base', 'ofBase', ratio],
    ['p50 ms', 'p50', ratio],
    ['p90 ms', 'p90', ratio],
    ['p99 ms', 'p99', ratio],
  ],
  contended: [
    ['throughput, of the base', 'ofBase', ratio],
    ['acquired a second', 'perSecond', digits(0)],
    ['Jain index', 'jain', digits(3)],
    ['fewest of a worker', 'fewest', digits(0)],
    ['most', 'most', digits(0)],
    ['wait p50 ms', 'p50', digits(1)],
    ['p99 ms', 'p99', digits(1)],
    ['longest ms', 'longestMs', digits(0)],
    ['commands an acquisition', 'commands', ratio],
    ['gave up', 'gaveUp', digits(0)],
  ],
  rush: [
    ['contenders', 'contenders', digits(0)],
    ['section ms', 'sectionMs', digits(0)],
    ['failed', 'failed', digits(0)],
    ['of these gave up', 'gaveUp', digits(0)],
    ['efficiency', 'efficiency', percent],
    ['served before somebody who came first', 'inversions', digits(0)],
    ['commands a success', 'commands', digits(1)],
  ],
};

/**
 * One measurement as a table in Markdown. A number that nobody measured is a dash.
 *
 * @param {Measurement} measurement
 */
export function table({ kind, rows }) {
  const shown = columns[kind].filter(([head, number]) => head === '' || rows.some(({ numbers }) => number in numbers));
  const heads = ['', ...shown.map(([head]) => head)].filter((head, index) => index === 0 || head !== '');
  const lines = rows.map(({ name, numbers }) => [name, ...cells(shown, numbers)]);
  const ruler = heads.map((_, index) => (index === 0 ? '---' : '---:'));
  return [heads, ruler, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/**
 * @param {(typeof columns)['rush']} shown
 * @param {Readonly<Record<string, number>>} numbers
 */
function cells(shown, numbers) {
  /** @type {string[]} */
  const written = [];
  for (const [head, number, write] of shown) {
    const value = numbers[number];
    const text = value === undefined || !Number.isFinite(value) ? '-' : write(value);
    // A column without a head is the other end of the one before.
    if (head === '') written.push(`${written.pop()} to ${text}`);
    else written.push(text);
  }
  return written;
}

/**
 * What stands below a table: how it was measured, and when.
 *
 * @param {Measurement} measurement
 * @param {Results} results
 */
export function caption({ how, noise, date, load }, { node, cpus, versions }) {
  const servers = ['redis-server', 'postgres', 'ioredis', 'pg'].flatMap((name) =>
    versions[name] === undefined ? [] : `${name} ${versions[name]}`,
  );
  const off =
    noise === undefined ? '' : ` The base, entered twice, was off from itself by ${(noise * 100).toFixed(1)} %.`;
  return `${how}${off} Measured ${date.slice(0, 10)} with Node ${node}, ${servers.join(', ')}, ${cpus} cores, load average ${load.toFixed(1)}.`;
}
