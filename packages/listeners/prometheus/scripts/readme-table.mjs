// Writes the table "What it emits" of the README from the catalogue of core. Build core first, then:
//   node packages/listeners/prometheus/scripts/readme-table.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

/** @typedef {import('@lockscope/core').MetricDefinition} MetricDefinition */

const begin = '<!-- metrics: written by scripts/readme-table.mjs -->';
const end = '<!-- /metrics -->';

/**
 * The README with the table of these metrics between its two markers.
 *
 * @param {string} readme
 * @param {Readonly<Record<string, MetricDefinition>>} metrics
 */
export function withTable(readme, metrics) {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the README needs ${begin} and, behind it, ${end}`);
  return `${readme.slice(0, from + begin.length)}\n\n${table(metrics)}\n\n${readme.slice(to)}`;
}

/** @param {Readonly<Record<string, MetricDefinition>>} metrics */
function table(metrics) {
  const rows = Object.values(metrics).map(({ prometheusName, type, labels, help, buckets }) => {
    const kind =
      buckets === undefined ? type : `${type}, ${buckets.length} bounds from ${buckets[0]} to ${buckets.at(-1)}`;
    const names = labels.map((label) => `\`${label.replaceAll('.', '_')}\``).join(', ');
    return `| \`${prometheusName}\` | ${kind} | ${names} | ${help.replaceAll('|', String.raw`\|`)} |`;
  });
  return ['| metric | type | labels | what it says |', '|---|---|---|---|', ...rows].join('\n');
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const { metrics } = await import('@lockscope/core');
  const file = new URL('../README.md', import.meta.url);
  writeFileSync(file, withTable(readFileSync(file, 'utf8'), metrics));
}
