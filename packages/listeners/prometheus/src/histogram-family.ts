import type { MetricName } from '@lockscope/core';
import { MetricFamily, type Sample } from './metric-family.ts';

const noLabels = Object.freeze({});

/** One series of a histogram: counts of each bucket, not cumulative, the last one for what is above all bounds. */
export class HistogramCell {
  readonly labels: Readonly<Record<string, string>>;
  /** The labels as they stand between the braces. */
  readonly text: string;
  readonly counts: number[];
  sum = 0;
  /** Each of its lines up to the value, made when it is first rendered. */
  prefixes: readonly string[] | undefined = undefined;
  readonly #bounds: readonly number[];
  readonly #scale: number;

  constructor(labels: Readonly<Record<string, string>>, text: string, bounds: readonly number[], scale: number) {
    this.labels = labels;
    this.text = text;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
    this.#bounds = bounds;
    this.#scale = scale;
  }

  /** Counts an observation. What is no positive number counts as 0, so that no sum ever becomes NaN. */
  observe(given: number): void {
    const amount = given > 0 && given < Infinity ? given : 0;
    const value = amount / this.#scale;
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    (this.counts[bucket] as number) += 1;
    this.sum += amount;
  }

  reset(): void {
    this.counts.fill(0);
    this.sum = 0;
  }
}

/** A histogram. */
export class HistogramFamily extends MetricFamily<HistogramCell> {
  readonly #bounds: readonly number[];
  readonly #les: readonly Readonly<Record<string, string | number>>[];

  constructor(metric: MetricName, bounds: readonly number[]) {
    super(metric);
    const les = [...bounds, '+Inf'];
    this.#bounds = bounds;
    this.#les = les.map((le) => Object.freeze({ le }));
  }

  protected override makeCell(labels: Readonly<Record<string, string>>, text: string): HistogramCell {
    return new HistogramCell(labels, text, this.#bounds, this.scale);
  }

  protected override renderCells(): string {
    let all = this.head;
    for (const cell of this.cells) {
      const prefixes = (cell.prefixes ??= this.#prefixesOf(cell));
      const { counts } = cell;
      let count = 0;
      let line = 0;
      for (; line < counts.length; line += 1) {
        count += counts[line] as number;
        all += (prefixes[line] as string) + count;
      }
      all += (prefixes[line] as string) + cell.sum / this.scale;
      all += (prefixes[line + 1] as string) + count;
    }
    return all;
  }

  protected override sampleCells(): Sample[] {
    const bucketName = `${this.name}_bucket`;
    const samples: Sample[] = [];
    for (const { counts, labels: sharedLabels, sum } of this.cells) {
      let count = 0;
      for (let bucket = 0; bucket < counts.length; bucket += 1) {
        count += counts[bucket] as number;
        samples.push({ value: count, metricName: bucketName, labels: this.#les[bucket] ?? noLabels, sharedLabels });
      }
      samples.push({ value: sum / this.scale, metricName: `${this.name}_sum`, labels: noLabels, sharedLabels });
      samples.push({ value: count, metricName: `${this.name}_count`, labels: noLabels, sharedLabels });
    }
    return samples;
  }

  #prefixesOf({ text }: HistogramCell): string[] {
    const buckets = this.#les.map(({ le }) => `\n${this.name}_bucket{le="${le}",${text}} `);
    return [...buckets, `\n${this.name}_sum{${text}} `, `\n${this.name}_count{${text}} `];
  }
}
