import { metrics, otherValue } from '@lockscope/core';
import type { CellReading, LineShape } from './metric-family.ts';
import type { MetricReport, ReportedCell } from './worker-messages.ts';

/** Cells of one metric whose values stand for the same. */
export interface Cells {
  readonly shape: readonly LineShape[];
  /** By their labels. */
  readonly byLabels: Map<string, ReportedCell>;
}

/** A metric of a worker, or of several. */
export interface CellSet extends Pick<MetricReport, 'name' | 'help' | 'type' | 'aggregator'> {
  /** By their shape. */
  readonly parts: Map<string, Cells>;
}

/** Metrics by name. */
export type CellSets = Map<string, CellSet>;

type Rule = (one: number, two: number) => number;

const add: Rule = (one, two) => one + two;
const rules: Readonly<Record<string, Rule>> = { max: Math.max, min: Math.min, first: (one) => one };

/** Takes over what a worker said of its metrics. */
export function takeReports(sets: CellSets, reports: readonly MetricReport[]): void {
  for (const { shape, cells, changesOnly, ...about } of reports) {
    if (!changesOnly) sets.delete(about.name);
    const { byLabels } = cellsOf(sets, about, shape);
    for (const cell of cells) byLabels.set(keyOf(cell), cell);
  }
}

/** One of each metric, out of those of several workers: each says itself how its values become one. */
export function mergeSets(all: readonly CellSets[]): CellSets {
  const merged: CellSets = new Map();
  for (const sets of all) for (const set of sets.values()) if (set.aggregator !== 'omit') mergeInto(merged, set);
  for (const set of merged.values()) if (set.aggregator === 'average') average(set, all);
  return merged;
}

/** Makes averages of sums. */
function average({ name, parts }: CellSet, all: readonly CellSets[]): void {
  for (const [shape, { byLabels }] of parts) {
    for (const [key, cell] of byLabels) {
      const count = all.filter((sets) => sets.get(name)?.parts.get(shape)?.byLabels.has(key)).length;
      byLabels.set(key, { ...cell, values: cell.values.map((value) => value && value / count) });
    }
  }
}

/**
 * What workers that are gone have counted. Gauges said what was, so they go. Beyond `mostCells`, labels of locks that
 * users choose become `_other`: workers that come and go must not bring ever more series.
 */
export class Counted {
  readonly sets: CellSets = new Map();
  readonly #mostCells: number;
  #size = 0;

  constructor(mostCells: number) {
    this.#mostCells = mostCells;
  }

  add(gone: CellSets): void {
    for (const { parts, ...about } of gone.values()) {
      if (about.type === 'gauge') continue;
      for (const { shape, byLabels } of parts.values()) {
        // Quantiles of what is gone say nothing of what is.
        if (about.type === 'summary' && !/_(?:sum|count)$/.test(shape[0]?.metricName ?? '')) continue;
        const into = cellsOf(this.sets, { ...about, aggregator: 'sum' }, shape).byLabels;
        for (const [key, cell] of byLabels) this.#addTo(into, key, cell, ours.has(about.name));
      }
    }
  }

  #addTo(into: Map<string, ReportedCell>, key: string, cell: ReportedCell, canFold: boolean): void {
    if (canFold && !into.has(key) && this.#size >= this.#mostCells) {
      const small = folded(cell);
      addCell(into, keyOf(small), small, add);
      return;
    }
    if (!into.has(key)) this.#size += 1;
    addCell(into, key, cell, add);
  }
}

/** A metric as prom-client's registry prints it: its lines. */
export function linesOf({ parts }: CellSet): object[] {
  const lines: object[] = [];
  for (const { shape, byLabels } of parts.values()) {
    for (const { labels, values, exemplars } of byLabels.values()) {
      shape.forEach(({ metricName, le }, index) => {
        const exemplar = exemplars?.[index];
        lines.push({
          value: values[index] ?? Number.NaN,
          labels: le === undefined ? labels : { le, ...labels },
          ...(metricName !== undefined && { metricName }),
          ...(exemplar && { exemplar }),
        });
      });
    }
  }
  return lines;
}

const ours: ReadonlySet<string> = new Set(Object.values(metrics).map(({ prometheusName }) => prometheusName));
const chosenByUsers: ReadonlySet<string> = new Set([
  'lock_name',
  'lock_from',
  'lock_to',
  'lock_system',
  'lock_blocker_operation',
  'lock_waiter_operation',
  'error_type',
  'listener',
]);

function folded(cell: ReportedCell): ReportedCell {
  const labels = Object.entries(cell.labels).map(([label, value]) => [
    label,
    chosenByUsers.has(label) ? otherValue : value,
  ]);
  return { ...cell, labels: Object.fromEntries(labels) as ReportedCell['labels'] };
}

function mergeInto(merged: CellSets, { parts, ...about }: CellSet): void {
  const rule = rules[about.aggregator] ?? add;
  for (const { shape, byLabels } of parts.values()) {
    const into = cellsOf(merged, about, shape).byLabels;
    for (const [key, cell] of byLabels) addCell(into, key, cell, rule);
  }
}

function cellsOf(sets: CellSets, about: Omit<CellSet, 'parts'>, shape: readonly LineShape[]): Cells {
  let set = sets.get(about.name);
  if (set === undefined) {
    const { name, help, type, aggregator } = about;
    set = { name, help, type, aggregator, parts: new Map() };
    sets.set(name, set);
  }
  const key = JSON.stringify(shape);
  let cells = set.parts.get(key);
  if (cells === undefined) {
    cells = { shape, byLabels: new Map() };
    set.parts.set(key, cells);
  }
  return cells;
}

function addCell(into: Map<string, ReportedCell>, key: string, cell: ReportedCell, rule: Rule): void {
  const found = into.get(key);
  if (found === undefined) {
    into.set(key, cell);
    return;
  }
  const values = found.values.map((value, index) => {
    const more = cell.values[index] ?? null;
    return value === null || more === null ? (value ?? more) : rule(value, more);
  });
  const exemplars = latest(found.exemplars, cell.exemplars);
  into.set(key, { labels: found.labels, values, ...(exemplars && { exemplars }) });
}

type Exemplars = ReportedCell['exemplars'];

function latest(one: Exemplars, two: Exemplars): Exemplars {
  if (one === undefined || two === undefined) return one ?? two;
  return one.map((exemplar, index) => {
    const more: NonNullable<CellReading['exemplars']>[number] | null = two[index];
    return exemplar && more && exemplar.timestamp >= more.timestamp ? exemplar : (more ?? exemplar);
  });
}

function keyOf({ labels }: ReportedCell): string {
  const names = Object.keys(labels).toSorted();
  return JSON.stringify(names.flatMap((name) => [name, String(labels[name])]));
}
