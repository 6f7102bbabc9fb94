import type { MeterProvider as ApiMeterProvider } from '@opentelemetry/api';
import { AggregationTemporality, MeterProvider, MetricReader, type MetricData } from '@opentelemetry/sdk-metrics';
import {
  fewValuedAttributes,
  ListenerSet,
  type EventInit,
  type ListenerFault,
  type ListenerInput,
  type OpenEvent,
} from '@lockscope/core';

import { otelMetrics, type OtelMetricsListener, type OtelMetricsOptions } from '../src/index.ts';

/** Collects when it is asked to. */
export class ManualReader extends MetricReader {
  constructor() {
    super({ aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE });
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }

  async metrics(): Promise<MetricData[]> {
    const { resourceMetrics, errors } = await this.collect();
    if (errors.length > 0) throw new AggregateError(errors);
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  }
}

/** What a histogram's point tells, without its buckets. */
export interface Summary {
  readonly count: number;
  readonly sum: number;
}

/** A process with a meter provider, a clock and a set of listeners of its own. */
export class MeteredProcess {
  readonly reader: ManualReader = new ManualReader();
  readonly provider: MeterProvider = new MeterProvider({ readers: [this.reader] });
  readonly listener: OtelMetricsListener;
  readonly listeners: ListenerSet;
  readonly faults: ListenerFault[] = [];
  now = 0;

  constructor(options: OtelMetricsOptions = {}, others: ListenerInput[] = []) {
    const meterProvider: ApiMeterProvider = this.provider;
    this.listener = otelMetrics({ meterProvider, ...options });
    const start = Date.now();
    this.listeners = new ListenerSet({
      listeners: [this.listener, ...others],
      onListenerError: (fault) => this.faults.push(fault),
      clock: { now: () => start + this.now, monotonic: () => this.now },
    });
  }

  begin(init: Partial<EventInit> = {}): OpenEvent<'lock'> {
    const lock = this.listeners.begin('lock', {
      lockName: 'orders/{id}',
      lockKey: 'orders/42',
      operation: 'POST /orders',
      storageName: 'memory',
      ...init,
    });
    if (lock === undefined) throw new Error('nobody listens');
    return lock;
  }

  /** Every series of one metric, by its attributes as text. None may carry an attribute that has many values. */
  async series(name: string): Promise<Record<string, number | Summary>> {
    const metric = (await this.reader.metrics()).find(({ descriptor }) => descriptor.name === name);
    const points = (metric?.dataPoints ?? []).map(({ attributes, value }): [string, number | Summary] => {
      const strange = Object.keys(attributes).filter((key) => !Object.hasOwn(fewValuedAttributes, key));
      if (strange.length > 0) throw new Error(`${name} has many-valued attributes: ${strange.join(', ')}`);
      const { count, sum = 0 } = typeof value === 'number' ? { count: 0 } : value;
      return [Object.values(attributes).join(' '), typeof value === 'number' ? value : { count, sum }];
    });
    return Object.fromEntries(points);
  }
}
