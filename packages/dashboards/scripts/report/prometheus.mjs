// A Prometheus that scrapes one address every two seconds, and what the panels of a board have to show from it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * @typedef {import('../../src/board.ts').Board} Board
 * @typedef {import('../../src/board.ts').Panel} Panel
 * @typedef {{ labels: Readonly<Record<string, string>>, points: readonly (readonly [number, number])[] }} Series
 * @typedef {{ panel: Panel, answers: readonly (readonly Series[])[] }} Answered
 * @typedef {{ from: number, to: number }} Span
 */

const scrapeSeconds = 2;
/** What stands for the five minutes of the rules, and for the range that Grafana chooses. */
const window = '30s';

/**
 * @param {{ folder: string, address: string, rules: readonly object[] }} options
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function startPrometheus({ folder, address, rules }) {
  const port = await freePort();
  const rulesFile = join(folder, 'rules.json');
  writeFileSync(rulesFile, JSON.stringify({ groups: rules }).replaceAll('[5m]', `[${window}]`));
  const config = {
    global: { scrape_interval: `${scrapeSeconds}s`, evaluation_interval: `${scrapeSeconds}s` },
    rule_files: [rulesFile],
    scrape_configs: [{ job_name: 'demo', static_configs: [{ targets: [address] }] }],
  };
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const flags = {
    'config.file': join(folder, 'prometheus.yml'),
    'storage.tsdb.path': join(folder, 'data'),
    'web.listen-address': `127.0.0.1:${port}`,
    'log.level': 'warn',
  };
  const child = spawn(
    'prometheus',
    Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([
    ready(url),
    ended.then(() => {
      throw new Error('prometheus ended');
    }),
  ]);
  return {
    url,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

/**
 * What every panel of a board has to show.
 *
 * @param {string} url
 * @param {Board} board
 * @param {Span} span
 * @returns {Promise<readonly Answered[]>}
 */
export async function answersOf(url, board, span) {
  const panels = board.rows.flatMap((row) => row.panels);
  return Promise.all(
    panels.map(async (panel) => ({
      panel,
      answers: await Promise.all(panel.queries.map(({ expr }) => ask(url, expr, span))),
    })),
  );
}

/**
 * @param {string} url
 * @param {string} expr
 * @param {Span} span
 * @returns {Promise<readonly Series[]>}
 */
async function ask(url, expr, { from, to }) {
  const query = expr
    .replaceAll('$__rate_interval', window)
    .replaceAll('$__range', `${Math.round(to - from)}s`)
    .replaceAll(/\$(?:job|lock_name)\b/g, '.*');
  const parameters = new URLSearchParams({ query, start: `${from}`, end: `${to}`, step: `${scrapeSeconds}` });
  const response = await fetch(`${url}/api/v1/query_range?${parameters}`);
  const { data, error } =
    /** @type {{ data?: { result: { metric: Record<string, string>, values: [number, string][] }[] }, error?: string }} */ (
      await response.json()
    );
  if (data === undefined) throw new Error(`${error}: ${query}`);
  return data.result.map(({ metric, values }) => ({
    labels: metric,
    points: values.map(([at, value]) => /** @type {const} */ ([at, Number(value)])),
  }));
}

/** @param {string} url */
async function ready(url) {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await pause(50);
  }
  throw new Error('prometheus does not get ready');
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
