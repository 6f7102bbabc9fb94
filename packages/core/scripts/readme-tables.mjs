// Writes the reference tables of the README from the catalogue: `pnpm --filter @lockscope/core readme`.
import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

/** @typedef {Pick<typeof import('../src/index.ts'), 'actions' | 'eventTypes' | 'fewValuedAttributes' | 'manyValuedAttributes' | 'metrics'>} Catalogue */

const begin = '<!-- tables: written by scripts/readme-tables.mjs -->';
const end = '<!-- /tables -->';

/**
 * The README with its tables as the catalogue has them now.
 *
 * @param {string} readme
 * @param {Catalogue} catalogue
 */
export function withTables(readme, catalogue) {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`the README needs ${begin} and ${end}`);
  return `${readme.slice(0, from + begin.length)}\n\n${tables(catalogue)}\n\n${readme.slice(to)}`;
}

/** @param {Catalogue} catalogue */
function tables({ actions, eventTypes, fewValuedAttributes, manyValuedAttributes, metrics }) {
  const histograms = Object.entries(metrics).filter(([, { buckets }]) => buckets !== undefined);
  return [
    '### Types of events',
    table(
      ['type', 'hangs on', 'what it tells'],
      Object.entries(eventTypes).map(([type, { brief, parent }]) => [code(type), codes([parent ?? []].flat()), brief]),
    ),
    '### Actions',
    table(
      ['action', 'of', 'what it tells'],
      Object.entries(actions).map(([name, { brief, of }]) => [code(name), code(of), brief]),
    ),
    '### Metrics',
    table(
      ['metric', 'in Prometheus', 'type', 'unit', 'labels', 'what it measures'],
      Object.entries(metrics).map(([name, { help, labels, prometheusName, type, unit }]) => [
        code(name),
        code(prometheusName),
        type,
        code(unit),
        codes(labels),
        help,
      ]),
    ),
    'Buckets of the histograms:',
    table(
      ['metric', 'upper bounds'],
      histograms.map(([name, { buckets = [] }]) => [code(name), buckets.join(', ')]),
    ),
    '### Attributes that may become labels',
    'They have few values each. As a label of Prometheus they are written with `_` for `.`.',
    table(['attribute', 'what it says'], described(fewValuedAttributes)),
    '### Attributes that never become labels',
    'They have as many values as there are locks, owners or requests, and belong on spans and in logs.',
    table(['attribute', 'what it says'], described(manyValuedAttributes)),
  ].join('\n\n');
}

/** @param {Readonly<Record<string, string>>} attributes */
function described(attributes) {
  return Object.entries(attributes).map(([name, brief]) => [code(name), brief]);
}

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** @param {string} text */
function code(text) {
  return `\`${text}\``;
}

/** @param {readonly string[]} texts */
function codes(texts) {
  return texts.map(code).join(', ');
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL('../README.md', import.meta.url);
  /** @type {Catalogue} */
  const catalogue = await import(new URL('../dist/index.js', import.meta.url).href);
  writeFileSync(file, withTables(readFileSync(file, 'utf8'), catalogue));
}
