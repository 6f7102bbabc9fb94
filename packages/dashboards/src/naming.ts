import { InvalidOptionsError, metrics, type MetricDefinition, type MetricName } from '@lockscope/core';

/** How the metrics are called in Prometheus; it depends on what exports them. */
export interface Naming {
  /** Told apart in the uid of dashboards, so that those of two namings can be in one Grafana. */
  readonly name: string;
  /** The name of a metric, without `_bucket`, `_sum` and `_count`. */
  metric(name: MetricName, definition: MetricDefinition): string;
  /** Metrics of the Node process that the same exporter has, in seconds. */
  readonly runtime: {
    /** A gauge: how late the event loop was, 99th percentile. */
    readonly eventLoopDelayP99: string;
    /** A counter: what garbage collection took. */
    readonly gcTime: string;
  };
}

/** The namings that there are. */
export type NamingName = 'prom-client' | 'otel';

/**
 * `prom-client`: what `@lockscope/listener-prometheus` exports; metrics that come to Prometheus by OTLP, or through
 * the Prometheus exporter of the OpenTelemetry Collector, have the same names. `otel`: what
 * `@opentelemetry/exporter-prometheus` exports, which leaves the units out.
 */
export const namings: Readonly<Record<NamingName, Naming>> = {
  'prom-client': {
    name: 'prom-client',
    metric: (_, { prometheusName }) => prometheusName,
    runtime: { eventLoopDelayP99: 'nodejs_eventloop_lag_p99_seconds', gcTime: 'nodejs_gc_duration_seconds_sum' },
  },
  otel: {
    name: 'otel',
    metric: (name, { type }) => `${name.replaceAll('.', '_')}${type === 'counter' ? '_total' : ''}`,
    runtime: { eventLoopDelayP99: 'nodejs_eventloop_delay_p99', gcTime: 'v8js_gc_duration_sum' },
  },
};

/** What the functions of this package take. */
export interface NamingOption {
  /** One of `namings`, or your own. Default `prom-client`. */
  readonly naming?: NamingName | Naming;
}

/** @internal */
export function resolveNaming(naming: NamingName | Naming = 'prom-client'): Naming {
  if (typeof naming !== 'string') return naming;
  if (Object.hasOwn(namings, naming)) return namings[naming];
  throw new InvalidOptionsError([
    `naming must be ${Object.keys(namings).join(', ')} or one of your own, got ${naming}`,
  ]);
}

/** @internal The names of the catalogue's metrics, as expressions need them. */
export class MetricNames {
  readonly runtime: Naming['runtime'];
  readonly #naming: Naming;

  constructor(naming: Naming) {
    this.#naming = naming;
    this.runtime = naming.runtime;
  }

  of(name: MetricName): string {
    return this.#naming.metric(name, metrics[name]);
  }

  bucket(name: MetricName): string {
    return `${this.of(name)}_bucket`;
  }

  count(name: MetricName): string {
    return `${this.of(name)}_count`;
  }

  sum(name: MetricName): string {
    return `${this.of(name)}_sum`;
  }
}
