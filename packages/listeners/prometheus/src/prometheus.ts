import type { Action, Event, EventType, Listener, ListenerFault } from '@lockscope/core';
import { MetricNameTakenError } from './errors.ts';
import { Families } from './families.ts';
import { storeOperations } from './known-values.ts';
import type { MetricRegistry } from './metric-registry.ts';
import {
  checkWatched,
  resolveDeclarations,
  resolveOptions,
  type NameDeclaration,
  type PrometheusOptions,
  type ResolvedOptions,
} from './options.ts';
import type { WatchedQueue } from './queue-counts.ts';
import { Recorder } from './recorder.ts';
import { RegisteredMetric } from './registered-metric.ts';

/** The listener that `prometheus()` makes. */
export interface PrometheusListener extends Listener {
  readonly name: 'prometheus';
  /** What `render()` gives, for the header `content-type`. */
  readonly contentType: 'text/plain; version=0.0.4; charset=utf-8';
  /** What `render({ openMetrics: true })` gives. */
  readonly openMetricsContentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8';
  /**
   * These metrics, and no others, in Prometheus' text format; several times faster than `registry.metrics()`. Default
   * labels of the registry are not in it. As OpenMetrics it ends with `# EOF` and has exemplars: for each bucket of
   * acquires and holds the trace of the latest observation, and of who it waited for.
   */
  render(options?: { readonly openMetrics?: boolean }): string;
  /**
   * Makes the series of these names, at 0. A name that is declared again takes the new limit and expectation.
   *
   * @throws {InvalidOptionsError} with everything that is wrong; then nothing is declared.
   */
  declare(...names: readonly (string | NameDeclaration)[]): void;
  /**
   * Tells from now on what these queues drop, and what the listeners behind them fail: as the option `queues`, for
   * those that were made later, such as the one in front of this listener.
   *
   * @throws {InvalidOptionsError} when one is no queue; then none is watched.
   */
  watch(...queues: readonly WatchedQueue[]): void;
  /** Counters and histograms start at 0 again; gauges say what is, so they stay. */
  reset(): void;
  /** Takes the metrics out of the registry and records nothing more; the gauges of what is in flight go to 0. */
  close(): void;
}

const types: readonly EventType[] = Object.freeze([
  'lock.create',
  'lock',
  'lock.acquire',
  'lease.renew',
  'lease.lost',
  'fence.rejected',
  ...storeOperations.keys(),
]);

/**
 * Turns events into the metrics of the catalogue. They show up in `await registry.metrics()` beside those that are
 * there already. What is recorded goes into plain numbers and is read when somebody scrapes.
 *
 * @throws {InvalidOptionsError} with everything that is wrong with the options.
 * @throws {MetricNameTakenError} when the registry has metrics of the same names.
 */
export function prometheus(options: PrometheusOptions = {}): PrometheusListener {
  return new Prometheus(resolveOptions(options));
}

class Prometheus implements PrometheusListener {
  readonly name = 'prometheus';
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  readonly openMetricsContentType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
  readonly types: readonly EventType[] = types;
  readonly #families: Families;
  readonly #recorder: Recorder;
  readonly #registry: MetricRegistry | undefined;
  readonly #registered: ReadonlyMap<string, RegisteredMetric>;
  #closed = false;

  constructor({ registry, names, caps, queues, buckets, clock }: ResolvedOptions) {
    this.#families = new Families(buckets);
    this.#recorder = new Recorder(this.#families, caps, clock);
    this.#registry = registry;
    this.#registered = registry === undefined ? new Map() : register(registry, this.#families);
    for (const declaration of names) this.#recorder.declare(declaration);
    for (const queue of queues) this.#recorder.watch(queue);
  }

  on(event: Event): void {
    if (!this.#closed) this.#recorder.on(event);
  }

  onAction(event: Event, action: Action): void {
    if (!this.#closed) this.#recorder.onAction(event, action);
  }

  onFault(fault: ListenerFault): void {
    if (!this.#closed) this.#recorder.onFault(fault);
  }

  declare(...names: readonly (string | NameDeclaration)[]): void {
    for (const declaration of resolveDeclarations(names)) this.#recorder.declare(declaration);
  }

  watch(...queues: readonly WatchedQueue[]): void {
    checkWatched(queues);
    if (this.#closed) return;
    for (const queue of queues) this.#recorder.watch(queue);
  }

  render({ openMetrics = false }: { readonly openMetrics?: boolean } = {}): string {
    const texts = this.#families.all.map((family) => family.render(openMetrics));
    return openMetrics ? `${texts.join('\n')}\n# EOF\n` : `${texts.join('\n\n')}\n`;
  }

  reset(): void {
    for (const family of this.#families.all) family.reset();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#recorder.forget();
    for (const [name, metric] of this.#registered) {
      // Somebody may have cleared the registry, and registered another metric of this name since.
      if (this.#registry?.getSingleMetric(name) === metric) this.#registry.removeSingleMetric(name);
    }
  }
}

/** All or none: a registry with half of the metrics would be worse than one with none. */
function register(registry: MetricRegistry, families: Families): ReadonlyMap<string, RegisteredMetric> {
  const taken = families.all.map(({ name }) => name).filter((name) => registry.getSingleMetric(name) !== undefined);
  if (taken.length > 0) throw new MetricNameTakenError(taken);
  const registered = new Map<string, RegisteredMetric>();
  for (const family of families.all) {
    const metric = new RegisteredMetric(family);
    registry.registerMetric(metric);
    registered.set(family.name, metric);
  }
  return registered;
}
