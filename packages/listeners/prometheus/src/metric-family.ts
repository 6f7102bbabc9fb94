import { metrics, type FewValuedAttribute, type MetricDefinition, type MetricName } from '@lockscope/core';
import type { ExemplarReading } from './exemplar.ts';
import { escapeLabelValue } from './label-value.ts';

/** The values of a cell's labels, by the names of the catalogue. */
export type CellLabels = Readonly<Partial<Record<FewValuedAttribute, string>>>;

/** Labels as prom-client takes them. */
export type SampleLabels = Readonly<Record<string, string | number>>;

/**
 * A line of the output in the form that prom-client takes. It makes the text of `labels` for each line anew, that of
 * `sharedLabels` once for each object.
 */
export interface Sample {
  readonly value: number;
  readonly metricName?: string;
  readonly labels: SampleLabels;
  readonly sharedLabels: SampleLabels;
  readonly exemplar?: ExemplarReading;
}

/** What tells the lines of one cell apart. */
export interface LineShape {
  readonly metricName?: string;
  readonly le?: number | string;
}

/** A cell as plain data: a value for each line of its metric's shape. */
export interface CellReading {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly number[];
  /** By line; absent when there are none. */
  readonly exemplars?: readonly (ExemplarReading | undefined)[];
}

export const noLabels: SampleLabels = Object.freeze({});

/** One metric of the catalogue: its cells, and how they are read. */
export abstract class MetricFamily<C extends { reset(): void }> {
  readonly metric: MetricName;
  readonly definition: MetricDefinition;
  readonly name: string;
  readonly cells: C[] = [];
  /** Cells hold milliseconds where the metric has seconds, so that sums of whole milliseconds are exact. */
  protected readonly scale: number;
  readonly #heads: { readonly text: string; readonly openMetrics: string };
  readonly #beforeRead: (() => void)[] = [];

  constructor(metric: MetricName) {
    const definition = metrics[metric];
    this.metric = metric;
    this.definition = definition;
    this.name = definition.prometheusName;
    this.scale = definition.unit === 's' ? 1000 : 1;
    const help = definition.help.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);
    const head = (name: string): string => `# HELP ${name} ${help}\n# TYPE ${name} ${definition.type}`;
    // OpenMetrics has counters without `_total` there.
    this.#heads = { text: head(this.name), openMetrics: head(this.name.replace(/_total$/, '')) };
  }

  /** Makes a cell, which starts at 0. Who calls sees to it that no two have the same labels. */
  add(values: CellLabels): C {
    const labels: Record<string, string> = {};
    const texts: string[] = [];
    for (const attribute of this.definition.labels) {
      const label = attribute.replaceAll('.', '_');
      const value = values[attribute] ?? '';
      labels[label] = value;
      texts.push(`${label}="${escapeLabelValue(value)}"`);
    }
    const cell = this.makeCell(labels, texts.join(','));
    this.cells.push(cell);
    return cell;
  }

  /** Has `refresh` called before the cells are read: for what is computed then. */
  beforeRead(refresh: () => void): void {
    this.#beforeRead.push(refresh);
  }

  /** This metric in text format 0.0.4, or as OpenMetrics has it, without a line end behind it. */
  render(openMetrics = false): string {
    this.#refresh();
    return (openMetrics ? this.#heads.openMetrics : this.#heads.text) + this.renderCells(openMetrics);
  }

  samples(): Sample[] {
    this.#refresh();
    return this.sampleCells();
  }

  /** Its cells as plain data, always in the same order: new ones come last. */
  readings(): CellReading[] {
    this.#refresh();
    return this.cells.map((cell) => this.readCell(cell));
  }

  /** What each value of a reading stands for. */
  abstract get shape(): readonly LineShape[];

  /** Counters and histograms start at 0 again; gauges say what is, so they stay. */
  reset(): void {
    if (this.definition.type === 'gauge') return;
    this.#refresh();
    for (const cell of this.cells) cell.reset();
  }

  #refresh(): void {
    for (const refresh of this.#beforeRead) refresh();
  }

  protected abstract makeCell(labels: Readonly<Record<string, string>>, text: string): C;
  /** The lines, each with a line end before it. */
  protected abstract renderCells(openMetrics: boolean): string;
  protected abstract sampleCells(): Sample[];
  protected abstract readCell(cell: C): CellReading;
}
