// A report of the demo's locks, without Grafana: `pnpm --filter @lockscope/dashboards report [seconds]`.
// Runs the demo with a Prometheus beside it, draws the panels of the dashboards from what that has, and takes two
// pictures of them. Needs `prometheus` (Debian: apt-get install prometheus), and `chromium` for the pictures.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';

import { startDemo } from './report/demo.mjs';
import { page } from './report/page.mjs';
import { answersOf, startPrometheus } from './report/prometheus.mjs';

/** What has passed before rates over half a minute are right. */
const warmUpSeconds = 40;
const seconds = Number(argv[2] ?? 150);
if (!(seconds >= 30 && seconds <= 3600)) throw new Error(`give seconds from 30 to 3600, got ${argv[2]}`);
const pictures = fileURLToPath(new URL('../pictures/', import.meta.url));
/** What is in the pictures: the rows of a board, from the first. */
const shown = { overview: 4, blame: 1 };

const { boards } = await import(new URL('../dist/dashboards.js', import.meta.url).href);
const { namings, rules } = await import(new URL('../dist/index.js', import.meta.url).href);

const folder = mkdtempSync(join(tmpdir(), 'lockscope-report-'));
try {
  const html = await report(folder);
  const target = fileURLToPath(new URL('../.tmp/', import.meta.url));
  mkdirSync(target, { recursive: true });
  const file = join(target, 'report.html');
  writeFileSync(file, html);
  console.log(`The report: ${pathToFileURL(file).href}`);
  await takePictures(file);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {string} dir */
async function report(dir) {
  const demo = await startDemo();
  try {
    const prometheus = await startPrometheus({ folder: dir, address: demo.address, rules: [rules()] });
    try {
      console.log(`The demo runs for ${warmUpSeconds + seconds} s.`);
      await pause((warmUpSeconds + seconds) * 1000);
      const to = Math.floor(Date.now() / 1000);
      const span = { from: to - seconds, to };
      /** @type {readonly import('../src/board.ts').Board[]} */
      const all = boards(namings['prom-client']);
      const answered = await Promise.all(
        all.map(async (board) => ({ board, answered: await answersOf(prometheus.url, board, span) })),
      );
      return await page(answered, `${seconds} seconds of the demo, drawn from what a real Prometheus has of it`);
    } finally {
      await prometheus.stop();
    }
  } finally {
    await demo.stop();
  }
}

/** @param {string} file */
async function takePictures(file) {
  mkdirSync(pictures, { recursive: true });
  const browser = await chromium.launch({
    executablePath: env['CHROMIUM_BIN'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const tab = await browser.newPage({ viewport: { width: 1272, height: 1000 }, deviceScaleFactor: 1.5 });
    await tab.goto(pathToFileURL(file).href);
    for (const [id, rows] of Object.entries(shown)) {
      await tab.addStyleTag({ content: `#${id} .row:nth-of-type(n + ${rows + 1}) { display: none }` });
      await tab.locator(`#${id}`).screenshot({ path: join(pictures, `${id}.png`) });
      console.log(`A picture: ${join(pictures, `${id}.png`)}`);
    }
  } finally {
    await browser.close();
  }
}
