import { metrics, trace } from '@opentelemetry/api';
import { expect, it } from 'vitest';

import { InvalidOptionsError, otel, otelMetrics, type OtelMetricsOptions, type OtelOptions } from '../src/index.ts';

const surprise: object = { surprise: 1 };
const spans: Required<OtelOptions> = {
  tracerProvider: trace.getTracerProvider(),
  propagate: true,
  keyRedaction: 'hash',
  maxBlockerLinks: 1,
  longHoldMs: 1,
  verbose: true,
};
const caps: Required<NonNullable<OtelMetricsOptions['caps']>> = {
  names: 1,
  operations: 1,
  blamePairs: 1,
  orderEdges: 1,
  systems: 1,
  errorTypes: 1,
  listeners: 1,
};
const name = { name: 'a', holderLimit: 1, expectedHoldMs: 1 };
const measured: Required<OtelMetricsOptions> = {
  meterProvider: metrics.getMeterProvider(),
  names: [name],
  caps,
  queues: [],
};

it.each<[string, () => unknown]>([
  ['otel', () => otel({ ...spans, ...surprise })],
  ['otelMetrics', () => otelMetrics({ ...measured, ...surprise })],
  ['otelMetrics, caps', () => otelMetrics({ ...measured, caps: { ...caps, ...surprise } })],
  ['otelMetrics, names', () => otelMetrics({ ...measured, names: [{ ...name, ...surprise }] })],
])('%s refuses an option that there is not', (_, make) => {
  expect(make).toThrow(InvalidOptionsError);
  expect(make).toThrow(/^there is no option "surprise"; known are [\w, ]+$/);
});
