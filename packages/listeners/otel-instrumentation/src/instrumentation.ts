import { metrics, type MeterProvider, type Tracer } from '@opentelemetry/api';
import { InstrumentationBase, type InstrumentationConfig } from '@opentelemetry/instrumentation';
import { registerListener, type Removal } from '@lockscope/core';
import { otel, otelMetrics, type OtelMetricsOptions, type OtelOptions } from '@lockscope/listener-otel';

import { version } from './version.ts';

/** Configuration of {@link LockscopeInstrumentation}. */
export interface LockscopeInstrumentationConfig extends InstrumentationConfig {
  /** Whether there are spans, and how they look: the options of `otel()`. Default `true`. */
  traces?: boolean | Omit<OtelOptions, 'tracerProvider'>;
  /** Whether there are metrics, and how they look: the options of `otelMetrics()`. Default `true`. */
  metrics?: boolean | Omit<OtelMetricsOptions, 'meterProvider'>;
}

/** A meter provider whose meters bear the name of this instrumentation. */
interface NamedMeters extends MeterProvider {
  readonly of: MeterProvider;
}

/**
 * Watches every lock of the process: those that were made before, and those that are made while it is enabled. Nothing
 * is patched, so it may be loaded at any time.
 *
 * @throws {InvalidOptionsError} from the constructor and from `setConfig` with everything that is wrong with the
 * options; `setConfig` then leaves everything as it was.
 */
export class LockscopeInstrumentation extends InstrumentationBase<LockscopeInstrumentationConfig> {
  /** The way out, while it is enabled. */
  #listening: Removal | undefined;
  /** One that was set, and is not simply the global one. */
  #meterProvider: MeterProvider | undefined;
  #meters: NamedMeters | undefined;
  /** Spans go to whoever is set now, also those of locks that are held already. */
  readonly #tracer: Tracer = {
    startSpan: (...args) => this.tracer.startSpan(...args),
    startActiveSpan: (...args: [name: string, fn: never]) => this.tracer.startActiveSpan(...args),
  };

  constructor(config: LockscopeInstrumentationConfig = {}) {
    // The constructor above would enable it before there is anything to enable.
    super('@lockscope/otel-instrumentation', version, { ...config, enabled: false });
    super.setConfig(config);
    if (config.enabled !== false) this.enable();
  }

  override enable(): void {
    super.enable();
    this.#listening ??= this.#listen(this.getConfig());
  }

  override disable(): void {
    super.disable();
    this.#listening?.();
    this.#listening = undefined;
  }

  override setConfig(config: LockscopeInstrumentationConfig = {}): void {
    // The constructor above calls this before there is anything to change.
    if (#listening in this && this.#listening !== undefined) {
      const next = this.#listen(config);
      this.#listening();
      this.#listening = next;
    }
    super.setConfig(config);
  }

  override setMeterProvider(meterProvider: MeterProvider): void {
    super.setMeterProvider(meterProvider);
    this.#meterProvider = meterProvider === metrics.getMeterProvider() ? undefined : meterProvider;
  }

  /** There is nothing to patch. */
  protected override init(): [] {
    return [];
  }

  #listen({ traces = true, metrics: measured = true }: LockscopeInstrumentationConfig): Removal {
    const spans =
      traces === false ? undefined : otel({ ...given(traces), tracerProvider: { getTracer: () => this.#tracer } });
    const meter =
      measured === false ? undefined : otelMetrics({ ...given(measured), meterProvider: () => this.#namedMeters() });
    const removals = [spans, meter].flatMap((listener) => (listener === undefined ? [] : registerListener(listener)));
    const remove = (): void => {
      for (const removal of removals) removal();
      meter?.close();
    };
    return Object.assign(remove, { [Symbol.dispose]: remove });
  }

  #namedMeters(): MeterProvider {
    const of = this.#meterProvider ?? metrics.getMeterProvider();
    if (this.#meters?.of !== of) {
      const { instrumentationName, instrumentationVersion } = this;
      this.#meters = { of, getMeter: () => of.getMeter(instrumentationName, instrumentationVersion) };
    }
    return this.#meters;
  }
}

function given<O>(options: boolean | O): O | undefined {
  return typeof options === 'boolean' ? undefined : options;
}
