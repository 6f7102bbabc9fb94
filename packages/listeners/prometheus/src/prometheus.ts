import type { Action, Event, EventType, Listener, ListenerFault } from '@lockscope/core';
import { MetricNameTakenError } from './errors.ts';
import { Families } from './families.ts';
import { storeOperations } from './known-values.ts';
import type { MetricRegistry } from './metric-registry.ts';
import {
  resolveDeclarations,
  resolveOptions,
  type NameDeclaration,
  type PrometheusOptions,
  type ResolvedOptions,
} from './options.ts';
import { Recorder } from './recorder.ts';
import { RegisteredMetric } from './registered-metric.ts';

/** The listener that `prometheus()` makes. */
export interface PrometheusListener extends Listener {
  readonly name: 'prometheus';
  /** What `render()` gives, for the header `content-type`. */
  readonly contentType: 'text/plain; version=0.0.4; charset=utf-8';
  /**
   * These metrics, and no others, in Prometheus' text format; several times faster than `registry.metrics()`. Default
   * labels of the registry are not in it.
   */
  render(): string;
  /**
   * Makes the series of these names, at 0. A name that is declared again takes the new limit and expectation.
   *
   * @throws {InvalidOptionsError} with everything that is wrong; then nothing is declared.
   */
  declare(...names: readonly (string | NameDeclaration)[]): void;
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
  readonly types: readonly EventType[] = types;
  readonly #families: Families;
  readonly #recorder: Recorder;
  readonly #registry: MetricRegistry | undefined;
  readonly #registered: ReadonlyMap<string, RegisteredMetric>;
  #closed = false;

  constructor({ registry, names, caps, buckets, clock }: ResolvedOptions) {
    this.#families = new Families(buckets);
    this.#recorder = new Recorder(this.#families, caps, clock);
    this.#registry = registry;
    this.#registered = registry === undefined ? new Map() : register(registry, this.#families);
    for (const declaration of names) this.#recorder.declare(declaration);
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

  render(): string {
    return `${this.#families.all.map((family) => family.render()).join('\n\n')}\n`;
  }

  reset(): void {
    for (const family of this.#families.all) family.reset();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#recorder.forgetInFlight();
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
