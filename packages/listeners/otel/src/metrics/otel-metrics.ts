import { metrics, type MeterProvider } from '@opentelemetry/api';
import type { Action, Event, EventType, Listener, ListenerFault } from '@lockscope/core';

import { storeOperations } from './few-valued.ts';
import { Instruments } from './instruments.ts';
import { MetricsRecorder } from './metrics-recorder.ts';
import { resolveMetricsOptions, type OtelMetricsOptions, type ResolvedMetricsOptions } from './metrics-options.ts';

/** The listener that {@link otelMetrics} makes. */
export interface OtelMetricsListener extends Listener {
  /** Records nothing more, and is read no more. */
  close(): void;
}

/**
 * A listener that tells OpenTelemetry's metrics of locks: every metric of the catalogue, under its name and unit there,
 * with few-valued attributes only. Without an SDK it does nothing; it never throws.
 *
 * @throws {InvalidOptionsError} with everything that is wrong with the options.
 */
export function otelMetrics(options: OtelMetricsOptions = {}): OtelMetricsListener {
  return new LockMeter(resolveMetricsOptions(options));
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

class LockMeter implements OtelMetricsListener {
  readonly name = 'otel-metrics';
  readonly types: readonly EventType[] = types;
  readonly #provider: () => MeterProvider;
  readonly #recorder: MetricsRecorder;
  #bound: MeterProvider | undefined;
  #instruments: Instruments | undefined;
  #closed = false;

  constructor(options: ResolvedMetricsOptions) {
    this.#provider = options.meterProvider ?? (() => metrics.getMeterProvider());
    this.#recorder = new MetricsRecorder(options);
    this.#bind();
  }

  on(event: Event): void {
    if (this.#closed) return;
    this.#bind();
    this.#recorder.on(event);
  }

  onAction(event: Event, action: Action): void {
    if (!this.#closed) this.#recorder.onAction(event, action);
  }

  onFault(fault: ListenerFault): void {
    if (!this.#closed) this.#recorder.onFault(fault);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#instruments?.close();
    this.#recorder.forget();
  }

  /** The API has no meter that waits for its SDK, so it is looked for each time. */
  #bind(): void {
    const provider = this.#provider();
    if (provider === this.#bound) return;
    this.#instruments?.close();
    this.#bound = provider;
    const meter = provider.getMeter('@lockscope/listener-otel');
    this.#instruments = new Instruments(meter, (observe) => this.#recorder.read(observe));
    this.#recorder.use(this.#instruments);
  }
}
