import type { MetricName } from '@lockscope/core';
import { Exemplar } from './exemplar.ts';
import {
  MetricFamily,
  noLabels,
  type CellReading,
  type LineShape,
  type Sample,
  type SampleLabels,
} from './metric-family.ts';

/** One series of a histogram: counts of each bucket, not cumulative, the last one for what is above all bounds. */
export class HistogramCell {
  readonly labels: Readonly<Record<string, string>>;
  /** The labels as they stand between the braces. */
  readonly text: string;
  readonly counts: number[];
  sum = 0;
  /** Each of its lines up to the value, made when it is first rendered. */
  prefixes: readonly string[] | undefined = undefined;
  /** The labels of each of its buckets, made when prom-client first asks: it keeps their text for as long as these live. */
  bucketLabels: readonly SampleLabels[] | undefined = undefined;
  /** The latest exemplar of each bucket, where there is one. */
  exemplars: (Exemplar | undefined)[] | undefined = undefined;
  readonly #bounds: readonly number[];
  readonly #scale: number;

  constructor(labels: Readonly<Record<string, string>>, text: string, bounds: readonly number[], scale: number) {
    this.labels = labels;
    this.text = text;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
    this.#bounds = bounds;
    this.#scale = scale;
  }

  /** Counts an observation; its bucket. What is no positive number counts as 0, so that no sum ever becomes NaN. */
  observe(given: number): number {
    const amount = given > 0 && given < Infinity ? given : 0;
    const value = amount / this.#scale;
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    (this.counts[bucket] as number) += 1;
    this.sum += amount;
    return bucket;
  }

  /** Keeps where the trace of the latest observation in this bucket is. `at` in epoch milliseconds. */
  keep(bucket: number, given: number, traceparent: string, blocker: string | undefined, at: number): void {
    this.exemplars ??= Array.from({ length: this.counts.length });
    this.exemplars[bucket] = new Exemplar(traceparent, blocker, given / this.#scale, at);
  }

  reset(): void {
    this.counts.fill(0);
    this.sum = 0;
    this.exemplars = undefined;
  }
}

/** A histogram. */
export class HistogramFamily extends MetricFamily<HistogramCell> {
  readonly #bounds: readonly number[];
  readonly #les: readonly (number | string)[];

  constructor(metric: MetricName, bounds: readonly number[]) {
    super(metric);
    this.#bounds = bounds;
    this.#les = [...bounds, '+Inf'];
  }

  protected override makeCell(labels: Readonly<Record<string, string>>, text: string): HistogramCell {
    return new HistogramCell(labels, text, this.#bounds, this.scale);
  }

  protected override renderCells(openMetrics: boolean): string {
    let all = '';
    for (const cell of this.cells) {
      const prefixes = (cell.prefixes ??= this.#prefixesOf(cell));
      const { counts } = cell;
      let count = 0;
      let line = 0;
      for (; line < counts.length; line += 1) {
        count += counts[line] as number;
        all += (prefixes[line] as string) + count;
        if (openMetrics && cell.exemplars !== undefined) all += exemplarText(cell.exemplars[line]);
      }
      all += (prefixes[line] as string) + cell.sum / this.scale;
      all += (prefixes[line + 1] as string) + count;
    }
    return all;
  }

  protected override sampleCells(): Sample[] {
    const bucketName = `${this.name}_bucket`;
    const sumName = `${this.name}_sum`;
    const countName = `${this.name}_count`;
    const samples: Sample[] = [];
    for (const cell of this.cells) {
      const { counts, labels } = cell;
      const bucketLabels = (cell.bucketLabels ??= this.#les.map((le) => ({ le, ...labels })));
      let count = 0;
      for (let bucket = 0; bucket < counts.length; bucket += 1) {
        count += counts[bucket] as number;
        const sharedLabels = bucketLabels[bucket] as SampleLabels;
        const exemplar = cell.exemplars?.[bucket]?.reading;
        samples.push(
          exemplar === undefined
            ? { value: count, metricName: bucketName, labels: noLabels, sharedLabels }
            : { value: count, metricName: bucketName, labels: noLabels, sharedLabels, exemplar },
        );
      }
      samples.push({ value: cell.sum / this.scale, metricName: sumName, labels: noLabels, sharedLabels: labels });
      samples.push({ value: count, metricName: countName, labels: noLabels, sharedLabels: labels });
    }
    return samples;
  }

  override get shape(): readonly LineShape[] {
    const buckets = this.#les.map((le) => ({ metricName: `${this.name}_bucket`, le }));
    return [...buckets, { metricName: `${this.name}_sum` }, { metricName: `${this.name}_count` }];
  }

  protected override readCell({ labels, counts, sum, exemplars }: HistogramCell): CellReading {
    let count = 0;
    const values = [...counts.map((inBucket) => (count += inBucket)), sum / this.scale, count];
    return { labels, values, ...(exemplars && { exemplars: exemplars.map((exemplar) => exemplar?.reading) }) };
  }

  #prefixesOf({ text }: HistogramCell): string[] {
    const buckets = this.#les.map((le) => `\n${this.name}_bucket{le="${le}",${text}} `);
    return [...buckets, `\n${this.name}_sum{${text}} `, `\n${this.name}_count{${text}} `];
  }
}

/** As OpenMetrics has it, behind the value of a bucket. Ids are hexadecimal digits, so there is nothing to escape. */
function exemplarText(exemplar: Exemplar | undefined): string {
  const reading = exemplar?.reading;
  if (reading === undefined) return '';
  const labels = Object.entries(reading.labelSet).map(([label, id]) => `${label}="${id}"`);
  return ` # {${labels.join(',')}} ${reading.value} ${reading.timestamp}`;
}
