import { createRequire } from 'node:module';

import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { AggregationTemporality, MeterProvider, MetricReader, type MetricData } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { MemoryStorage } from '@lockscope/storage';
import { createLocks, type Locks } from '@lockscope/storage-lock';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { LockscopeInstrumentation, type LockscopeInstrumentationConfig } from '../src/index.ts';

class ManualReader extends MetricReader {
  constructor() {
    super({ aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE });
  }
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** What a program has that uses OpenTelemetry. */
class Sdk {
  readonly #exporter = new InMemorySpanExporter();
  readonly #reader = new ManualReader();
  readonly tracerProvider: BasicTracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(this.#exporter)],
  });
  readonly meterProvider: MeterProvider = new MeterProvider({ readers: [this.#reader] });

  get spans(): ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  async acquires(): Promise<number> {
    const metric = (await this.metrics()).find(({ descriptor }) => descriptor.name === 'lock.acquire.duration');
    const points = (metric?.dataPoints ?? []) as readonly { readonly value: unknown }[];
    return points.reduce((sum, { value }) => sum + (value as { count: number }).count, 0);
  }

  async metrics(): Promise<MetricData[]> {
    return (await this.scopes()).flatMap((scope) => scope.metrics);
  }

  async scopes(): Promise<{ readonly scope: { readonly name: string }; readonly metrics: MetricData[] }[]> {
    return (await this.#reader.collect()).resourceMetrics.scopeMetrics;
  }
}

let locks: Locks;
let sdk: Sdk;
const started: LockscopeInstrumentation[] = [];

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});

beforeEach(() => {
  locks = createLocks({ storage: new MemoryStorage() });
  sdk = new Sdk();
});

afterEach(async () => {
  for (const one of started.splice(0)) one.disable();
  await locks.close();
  trace.disable();
  metrics.disable();
});

function register(config?: LockscopeInstrumentationConfig): LockscopeInstrumentation {
  const instrumentation = new LockscopeInstrumentation(config);
  started.push(instrumentation);
  const { tracerProvider, meterProvider } = sdk;
  registerInstrumentations({ instrumentations: [instrumentation], tracerProvider, meterProvider });
  return instrumentation;
}

const work = (of: Locks = locks): Promise<void> => of.run('orders/42', () => undefined);

describe('an instrumentation that is registered', () => {
  it('watches locks that were made before and locks that are made later', async () => {
    register();
    const later = createLocks({ storage: new MemoryStorage() });
    await work();
    await work(later);
    await later.close();
    expect(sdk.spans.map(({ name }) => name)).toEqual(['lock orders/{id}', 'lock orders/{id}']);
    expect(await sdk.acquires()).toBe(2);
  });

  it('tells under its own name and version', async () => {
    register();
    await work();
    const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
    const name = '@lockscope/otel-instrumentation';
    expect(sdk.spans[0]?.instrumentationScope).toMatchObject({ name, version });
    expect((await sdk.scopes()).map(({ scope }) => scope)).toMatchObject([{ name, version }]);
  });

  it('puts the code that runs under a lock below its span', async () => {
    register();
    const tracer = sdk.tracerProvider.getTracer('app');
    await locks.run('orders/42', async () => {
      await Promise.resolve();
      tracer.startSpan('work').end();
    });
    const [inner, lock] = sdk.spans;
    expect(inner?.parentSpanContext?.spanId).toBe(lock?.spanContext().spanId);
  });

  it('tells nothing while it is disabled, and again once it is enabled', async () => {
    const instrumentation = register();
    instrumentation.disable();
    instrumentation.disable();
    await work();
    expect(sdk.spans).toEqual([]);
    instrumentation.enable();
    instrumentation.enable();
    await work();
    expect(sdk.spans).toHaveLength(1);
    expect(await sdk.acquires()).toBe(1);
  });

  it('costs locks nothing once it is disabled', () => {
    register().disable();
    expect(locks.listeners.size).toBe(0);
  });
});

describe('its configuration', () => {
  it('may start it disabled', async () => {
    const instrumentation = new LockscopeInstrumentation({ enabled: false });
    started.push(instrumentation);
    instrumentation.setTracerProvider(sdk.tracerProvider);
    await work();
    expect(sdk.spans).toEqual([]);
    instrumentation.enable();
    await work();
    expect(sdk.spans).toHaveLength(1);
  });

  it('chooses spans, metrics, and how they look', async () => {
    register({ traces: { keyRedaction: 'omit', verbose: true }, metrics: false });
    await work();
    expect(sdk.spans.map(({ name }) => name.split(' ')[0])).toEqual(['acquire', 'release', 'lock']);
    for (const { attributes } of sdk.spans) expect(attributes).not.toHaveProperty('lock.key');
    expect(await sdk.acquires()).toBe(0);
  });

  it('can leave spans out', async () => {
    register({ traces: false, metrics: { names: [{ name: 'leader', holderLimit: 1 }] } });
    await work();
    expect(sdk.spans).toEqual([]);
    expect(await sdk.acquires()).toBe(1);
    expect((await sdk.metrics()).some(({ descriptor }) => descriptor.name === 'lock.holder.limit')).toBe(true);
  });

  it('can change while it runs', async () => {
    const instrumentation = register();
    instrumentation.setConfig({ traces: { keyRedaction: 'omit' } });
    await work();
    expect(sdk.spans[0]?.attributes).not.toHaveProperty('lock.key');
    expect(instrumentation.getConfig()).toMatchObject({ traces: { keyRedaction: 'omit' } });
  });

  it('that is wrong is refused, and changes nothing', async () => {
    const wrong = { traces: { maxBlockerLinks: 0 } };
    expect(() => new LockscopeInstrumentation(wrong)).toThrow(/maxBlockerLinks must be/);
    const instrumentation = register();
    expect(() => instrumentation.setConfig(wrong)).toThrow(/maxBlockerLinks must be/);
    await work();
    expect(sdk.spans).toHaveLength(1);
    expect(locks.listeners.size).toBe(2);
  });
});

describe('providers', () => {
  it('may change, and a lock that is held meanwhile ends the span that it has', async () => {
    const instrumentation = register();
    const lock = await locks.acquire('orders/42');
    // What is told of an acquire waits until its caller has the lock.
    await new Promise((resolve) => setImmediate(resolve));
    const other = new Sdk();
    instrumentation.setTracerProvider(other.tracerProvider);
    instrumentation.setMeterProvider(other.meterProvider);
    await lock.release();
    await work();
    expect([sdk.spans.length, other.spans.length]).toEqual([1, 1]);
    expect(await other.acquires()).toBe(1);
  });

  it('that are global may be registered later', async () => {
    const instrumentation = new LockscopeInstrumentation();
    started.push(instrumentation);
    registerInstrumentations({ instrumentations: [instrumentation] });
    await work();
    trace.setGlobalTracerProvider(sdk.tracerProvider);
    metrics.setGlobalMeterProvider(sdk.meterProvider);
    await work();
    expect(sdk.spans).toHaveLength(1);
    expect(await sdk.acquires()).toBe(1);
  });
});
