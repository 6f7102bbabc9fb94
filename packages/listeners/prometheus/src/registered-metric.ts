import type { MetricDefinition, MetricName } from '@lockscope/core';
import type { HistogramFamily } from './histogram-family.ts';
import type { Sample } from './metric-family.ts';
import type { ValueFamily } from './value-family.ts';

/** What prom-client's registry gets to see of a metric, when it is scraped. */
export interface MetricReading {
  readonly name: string;
  readonly help: string;
  readonly type: MetricDefinition['type'];
  readonly aggregator: 'sum' | 'max';
  readonly values: readonly Omit<Sample, 'sharedLabels'>[];
}

/** Gauges that say how many there are, so that those of several workers add up. Of the others the greatest holds. */
const countingGauges: ReadonlySet<MetricName> = new Set<MetricName>(['lock.waiter.count', 'lock.holder.count']);

/** A metric in prom-client's registry. Nothing of prom-client runs before the registry is read. */
export class RegisteredMetric {
  /** A registry of content type OpenMetrics takes `_total` off the name, and puts it back when it prints. */
  name: string;
  readonly help: string;
  readonly type: MetricDefinition['type'];
  readonly labelNames: readonly string[];
  /** How `AggregatorRegistry` makes one value of those of several workers. */
  readonly aggregator: 'sum' | 'max';
  readonly family: ValueFamily | HistogramFamily;

  constructor(family: ValueFamily | HistogramFamily) {
    const { help, type, labels } = family.definition;
    this.name = family.name;
    this.help = help;
    this.type = type;
    this.labelNames = labels.map((label) => label.replaceAll('.', '_'));
    this.aggregator = type === 'gauge' && !countingGauges.has(family.metric) ? 'max' : 'sum';
    this.family = family;
  }

  /** For `registry.metrics()`: labels as objects that live on, which prom-client prints faster. */
  async getForPromString(): Promise<MetricReading> {
    return this.#reading(this.family.samples());
  }

  /** For `registry.getMetricsAsJSON()`: every line has all its labels, in an object of its own. */
  async get(): Promise<MetricReading> {
    const samples = this.family.samples();
    const values = samples.map(({ sharedLabels, ...rest }) => ({ ...rest, labels: { ...sharedLabels } }));
    // Under its own name, whatever a registry made of it: who aggregates prints it again.
    return { ...this.#reading(values), name: this.family.name };
  }

  /** Counters and histograms start at 0 again; gauges say what is, so they stay. */
  reset(): void {
    this.family.reset();
  }

  #reading(values: MetricReading['values']): MetricReading {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values };
  }
}
