// Every file that is made from the catalogue, by its path in this package.
import { metrics } from '@lockscope/core';
import { stringify } from 'yaml';

import { ruleTests } from './rule-tests.mjs';

/** @typedef {Pick<typeof import('../src/index.ts'), 'alerts' | 'dashboards' | 'namings' | 'rules'>} Dashboards */
/** @typedef {keyof Dashboards['namings']} NamingName */

const note = 'Made by `pnpm --filter @lockscope/dashboards generate`; changes are lost.';

/**
 * @param {Dashboards} made
 * @returns {Record<string, string>}
 */
export function generatedFiles(made) {
  const names = /** @type {NamingName[]} */ (Object.keys(made.namings));
  return Object.assign({}, ...names.map((naming) => filesOf(naming, made)));
}

/**
 * @param {NamingName} naming
 * @param {Dashboards} made
 * @returns {Record<string, string>}
 */
function filesOf(naming, { alerts, dashboards, namings, rules }) {
  /** @type {import('./rule-tests.mjs').NameOf} */
  const nameOf = (name) => namings[naming].metric(name, metrics[name]);
  const boards = dashboards({ naming });
  const boardFiles = boards.map(({ uid }) => `${uid}.json`);
  return {
    [`${naming}/rules/lockscope.yaml`]: yaml({ groups: [rules({ naming })] }),
    [`${naming}/alerts/lockscope.yaml`]: yaml({ groups: [alerts({ naming })] }),
    // Not every jsonnet reads YAML with texts of several lines.
    [`${naming}/rules/lockscope.json`]: json({ groups: [rules({ naming })] }),
    [`${naming}/alerts/lockscope.json`]: json({ groups: [alerts({ naming })] }),
    [`${naming}/tests/lockscope.yaml`]: yaml(
      ruleTests(nameOf, alerts({ naming }).rules, ['../rules/lockscope.yaml', '../alerts/lockscope.yaml']),
    ),
    ...Object.fromEntries(boards.map((board) => [`${naming}/dashboards/${board.uid}.json`, json(board)])),
    [`${naming}/mixin.libsonnet`]: mixin(boardFiles),
  };
}

const begin = '<!-- alerts: written by scripts/generate.mjs -->';
const end = '<!-- /alerts -->';

/**
 * The README with the table of the alerts.
 *
 * @param {string} readme
 * @param {Dashboards} made
 */
export function withAlerts(readme, { alerts }) {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`the README needs ${begin} and ${end}`);
  const rows = alerts().rules.map(({ alert, labels, annotations, for: wait = 'at once' }) => {
    const summary = annotations.summary.replaceAll(
      /\{\{ \$(?:labels\.)?(\w+)[^}]*\}\}/g,
      (_, name) => words[name] ?? name,
    );
    return `| [${alert}](runbooks/${alert}.md) | ${labels.severity} | ${wait} | ${summary} |`;
  });
  const table = ['| alert | severity | after | what it says |', '|---|---|---|---|', ...rows].join('\n');
  return `${readme.slice(0, from + begin.length)}\n\n${table}\n\n${readme.slice(to)}`;
}

/** Examples of what differs in a summary. @type {Readonly<Record<string, string>>} */
const words = {
  lock_name: '`orders/{id}`',
  lock_lost_reason: '`expired`',
  value: 'n',
  lock_from: '`orders/{id}`',
  lock_to: '`stock/{sku}`',
  lock_system: '`redis`',
  listener: '`audit`',
};

/** @param {unknown} value */
function yaml(value) {
  return `# ${note}\n${stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

/** @param {unknown} value */
function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** @param {readonly string[]} boards */
function mixin(boards) {
  return [
    `// ${note}`,
    '{',
    "  prometheusRules+:: import 'rules/lockscope.json',",
    "  prometheusAlerts+:: import 'alerts/lockscope.json',",
    '  grafanaDashboards+:: {',
    ...boards.map((file) => `    '${file}': import 'dashboards/${file}',`),
    '  },',
    '}',
    '',
  ].join('\n');
}
