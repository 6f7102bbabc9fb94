import { context } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { listenerContract } from '@lockscope/testkit';
import { beforeAll, describe, test } from 'vitest';

import { otel, otelMetrics } from '../src/index.ts';
import { useAsyncContext } from './fake-process.ts';
import { ManualReader } from './metered-process.ts';

beforeAll(() => {
  context.disable();
  useAsyncContext();
});

describe('the listener contract, sampled in', () => {
  const create = () => {
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const told = (): number => exporter.getFinishedSpans().filter(({ name }) => name.startsWith('lock ')).length;
    return { listener: otel({ tracerProvider }), told };
  };
  for (const { name, run } of listenerContract({ create, accounts: ({ type }) => type === 'lock' })) test(name, run);
});

describe('the listener contract, sampled out', () => {
  const tracerProvider = new BasicTracerProvider({ sampler: new AlwaysOffSampler() });
  for (const { name, run } of listenerContract({ create: () => ({ listener: otel({ tracerProvider }) }) }))
    test(name, run);
});

describe('the listener contract, without an SDK', () => {
  for (const { name, run } of listenerContract({ create: () => ({ listener: otel() }) })) test(name, run);
});

describe('the listener contract, metrics', () => {
  const create = () => {
    const meterProvider = new MeterProvider({ readers: [new ManualReader()] });
    return { listener: otelMetrics({ meterProvider }) };
  };
  for (const { name, run } of listenerContract({ create })) test(name, run);
});
