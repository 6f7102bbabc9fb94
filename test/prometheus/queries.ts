import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../packages/dashboards/', import.meta.url));

/** A query of a panel or of a rule, with where it stands. */
export interface Query {
  readonly where: string;
  readonly expr: string;
}

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
  readonly panels?: readonly Panel[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: unknown;
}

interface Dashboard {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

/** The committed rules, as they are, but over seconds instead of minutes: a test does not run for longer. */
export function rulesTexts(naming: string): string[] {
  return ['rules', 'alerts'].map((kind) =>
    readFileSync(join(root, naming, kind, 'lockscope.yaml'), 'utf8')
      .replaceAll(/\[(?:5m|10m)\]/g, '[15s]')
      .replaceAll('offset 10m', 'offset 15s')
      .replaceAll(/^(\s+for:) \d+m$/gm, '$1 1s'),
  );
}

/** Every rule of these texts. */
export function ruleQueries(texts: readonly string[]): Query[] {
  return texts
    .flatMap((text) => (parse(text) as { groups: { rules: Rule[] }[] }).groups)
    .flatMap(({ rules }) => rules.map(({ record, alert, expr }) => ({ where: record ?? alert ?? '', expr })));
}

/** Every query of every panel of the committed dashboards, with its variables filled in as Grafana does for "All". */
export function panelQueries(naming: string): Query[] {
  return dashboards(naming).flatMap(({ title, panels }) =>
    flat(panels).flatMap((panel) =>
      (panel.targets ?? []).map(({ expr, refId }) => ({
        where: `${title} > ${panel.title} ${refId}`,
        expr: filledIn(expr),
      })),
    ),
  );
}

/** What the variables of the dashboards ask for: `label_values(series, label)` as its two parts. */
export function variableQueries(naming: string): { readonly where: string; series: string; label: string }[] {
  return dashboards(naming).flatMap(({ title, templating }) =>
    templating.list
      .filter(({ type }) => type === 'query')
      .map(({ name, query }) => {
        const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(query as string) ?? [];
        return { where: `${title} > $${name}`, series: filledIn(series), label };
      }),
  );
}

function dashboards(naming: string): Dashboard[] {
  const folder = join(root, naming, 'dashboards');
  return readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Dashboard);
}

function flat(panels: readonly Panel[]): Panel[] {
  return panels.flatMap((panel) => [panel, ...flat(panel.panels ?? [])]);
}

function filledIn(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '15s')
    .replaceAll('$__range', '30s')
    .replaceAll(/\$(?:job|lock_name)\b/g, '.*');
}
