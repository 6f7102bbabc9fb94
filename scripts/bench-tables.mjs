// Writes the tables of the bench into READMEs, from the latest results that are saved: `node scripts/bench-tables.mjs`.
// With --check it changes nothing and fails when one is not current. A README asks for a table between two lines:
//
//     <!-- bench redis-handover: written by scripts/bench-tables.mjs -->
//     <!-- /bench -->
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

import { caption, table } from '../test/bench/peers/tables.mjs';

/** @typedef {import('../test/bench/peers/results.ts').Results} Results */

const root = fileURLToPath(new URL('../', import.meta.url));
const saved = `${root}test/bench/results`;
const asks = /(<!-- bench ([\w-]+): written by scripts\/bench-tables\.mjs -->\n)[^]*?(<!-- \/bench -->)/g;

/**
 * The results that were saved last: files are named after their day.
 *
 * @returns {Results}
 */
export function latestResults() {
  const newest = readdirSync(saved)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .at(-1);
  if (newest === undefined) throw new Error('there are no saved results: pnpm bench peers --save');
  return JSON.parse(readFileSync(`${saved}/${newest}`, 'utf8'));
}

/**
 * A README with the tables that it asks for.
 *
 * @param {string} readme
 * @param {Results} results
 */
export function withTables(readme, results) {
  return readme.replace(asks, (_, begin, id, end) => {
    const measurement = results.measurements.find((one) => one.id === id);
    if (measurement === undefined) throw new Error(`no measurement ${id} in the latest results`);
    return `${begin}\n${table(measurement)}\n\n${caption(measurement, results)}\n\n${end}`;
  });
}

/**
 * Paths of all READMEs that ask for tables.
 *
 * @returns {string[]}
 */
export function readmes() {
  const skipped = new Set(['node_modules', 'dist', '.tmp', '.git']);
  /** @type {(folder: string) => string[]} */
  const below = (folder) =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      if (entry.isDirectory()) return skipped.has(entry.name) ? [] : below(`${folder}${entry.name}/`);
      return entry.name === 'README.md' ? [`${folder}${entry.name}`] : [];
    });
  return below(root).filter((file) => readFileSync(file, 'utf8').search(asks) !== -1);
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const results = latestResults();
  for (const file of readmes()) {
    const before = readFileSync(file, 'utf8');
    const after = withTables(before, results);
    if (before === after) continue;
    if (!argv.includes('--check')) writeFileSync(file, after);
    else {
      console.error(
        `${file.slice(root.length)} has other tables than the latest results: node scripts/bench-tables.mjs`,
      );
      process.exitCode = 1;
    }
  }
}
