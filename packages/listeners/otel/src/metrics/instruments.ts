import type { BatchObservableCallback, Counter, Histogram, Meter, Observable } from '@opentelemetry/api';
import { metrics, type MetricName } from '@lockscope/core';

/** Metrics that are read when somebody collects. */
export type ObservedMetric =
  | 'lock.waiter.count'
  | 'lock.holder.count'
  | 'lock.holder.limit'
  | 'lock.wait.oldest.age'
  | 'lock.hold.oldest.age'
  | 'lock.hold.expected'
  | 'lockscope.listener.errors'
  | 'lockscope.events.dropped';

const observedCounters: ReadonlySet<MetricName> = new Set(['lockscope.listener.errors', 'lockscope.events.dropped']);
/** Gauges that say how many there are, so that those of several processes add up. */
const addedUp: ReadonlySet<MetricName> = new Set(['lock.waiter.count', 'lock.holder.count']);

/** The metrics of the catalogue as instruments of one meter. */
export class Instruments {
  readonly #meter: Meter;
  readonly #recorded = new Map<MetricName, Counter | Histogram>();
  readonly #observed = new Map<MetricName, Observable>();
  readonly #read: BatchObservableCallback;

  /** `read` is called whenever somebody collects, with what takes a value. */
  constructor(
    meter: Meter,
    read: (observe: (metric: ObservedMetric, value: number, attributes: Attributes) => void) => void,
  ) {
    this.#meter = meter;
    for (const metric of Object.keys(metrics) as MetricName[]) this.#create(metric);
    this.#read = (result) => {
      read((metric, value, attributes) => {
        const instrument = this.#observed.get(metric);
        if (instrument !== undefined) result.observe(instrument, value, attributes);
      });
    };
    meter.addBatchObservableCallback(this.#read, [...this.#observed.values()]);
  }

  record(metric: MetricName, value: number, attributes: Attributes): void {
    const instrument = this.#recorded.get(metric);
    const amount = value > 0 && value < Infinity ? value : 0;
    if (instrument === undefined) return;
    if ('record' in instrument) instrument.record(amount, attributes);
    else instrument.add(amount, attributes);
  }

  /** Nobody is read any more. */
  close(): void {
    this.#meter.removeBatchObservableCallback(this.#read, [...this.#observed.values()]);
  }

  #create(metric: MetricName): void {
    const { type, unit, help: description, buckets } = metrics[metric];
    const options = { unit, description };
    if (type === 'histogram') {
      const advice = { explicitBucketBoundaries: [...(buckets ?? [])] };
      this.#recorded.set(metric, this.#meter.createHistogram(metric, { ...options, advice }));
    } else if (observedCounters.has(metric)) {
      this.#observed.set(metric, this.#meter.createObservableCounter(metric, options));
    } else if (type === 'counter') {
      this.#recorded.set(metric, this.#meter.createCounter(metric, options));
    } else if (addedUp.has(metric)) {
      this.#observed.set(metric, this.#meter.createObservableUpDownCounter(metric, options));
    } else {
      this.#observed.set(metric, this.#meter.createObservableGauge(metric, options));
    }
  }
}

/** Few-valued attributes of the catalogue. */
export type Attributes = Readonly<Record<string, string>>;
