import { metrics, type MetricName } from '@lockscope/core';
import { HistogramFamily } from './histogram-family.ts';
import { ValueFamily } from './value-family.ts';

/** One family for each metric of the catalogue, in its order. */
export class Families {
  readonly all: readonly (ValueFamily | HistogramFamily)[];
  readonly #byMetric = new Map<MetricName, ValueFamily | HistogramFamily>();

  /** `buckets` replaces the bounds of the catalogue, by metric. */
  constructor(buckets: Readonly<Partial<Record<MetricName, readonly number[]>>>) {
    for (const metric of Object.keys(metrics) as MetricName[]) {
      const definition = metrics[metric];
      const family =
        definition.type === 'histogram'
          ? new HistogramFamily(metric, buckets[metric] ?? definition.buckets ?? [])
          : new ValueFamily(metric);
      this.#byMetric.set(metric, family);
    }
    this.all = [...this.#byMetric.values()];
  }

  value(metric: MetricName): ValueFamily {
    const family = this.#byMetric.get(metric);
    if (!(family instanceof ValueFamily)) throw new TypeError(`${metric} is not a counter or gauge of the catalogue`);
    return family;
  }

  histogram(metric: MetricName): HistogramFamily {
    const family = this.#byMetric.get(metric);
    if (!(family instanceof HistogramFamily)) throw new TypeError(`${metric} is not a histogram of the catalogue`);
    return family;
  }
}
