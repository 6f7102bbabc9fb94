// Writes the tables of the bench into READMEs, from the newest results that have them: `node scripts/bench-tables.mjs`.
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
 * All results that are saved, the newest first: files are named after their day.
 *
 * @returns {Results[]}
 */
export function savedResults() {
  const names = readdirSync(saved).filter((name) => name.endsWith('.json'));
  return names
    .toSorted()
    .toReversed()
    .map((name) => JSON.parse(readFileSync(`${saved}/${name}`, 'utf8')));
}

/**
 * A README with the tables that it asks for, each from the newest results that have it.
 *
 * @param {string} readme
 * @param {readonly Results[]} results newest first
 */
export function withTables(readme, results) {
  return readme.replace(asks, (_, begin, id, end) => {
    for (const one of results) {
      const measurement = one.measurements.find((each) => each.id === id);
      if (measurement !== undefined) return `${begin}\n${table(measurement)}\n\n${caption(measurement, one)}\n\n${end}`;
    }
    throw new Error(`no measurement ${id} is saved: pnpm bench peers --save`);
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
  const results = savedResults();
  for (const file of readmes()) {
    const before = readFileSync(file, 'utf8');
    const after = withTables(before, results);
    if (before === after) continue;
    if (!argv.includes('--check')) writeFileSync(file, after);
    else {
      console.error(
        `${file.slice(root.length)} has other tables than the newest results: node scripts/bench-tables.mjs`,
      );
      process.exitCode = 1;
    }
  }
}
