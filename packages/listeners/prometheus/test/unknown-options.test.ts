import { Registry } from 'prom-client';
import { expect, it } from 'vitest';

import {
  collectMetrics,
  InvalidOptionsError,
  prometheus,
  reportMetrics,
  type CollectOptions,
  type LabelCaps,
  type NameDeclaration,
  type PrometheusOptions,
} from '../src/index.ts';

const surprise: object = { surprise: 1 };
const registry = new Registry();
const caps: Required<LabelCaps> = {
  names: 1,
  operations: 1,
  blamePairs: 1,
  orderEdges: 1,
  systems: 1,
  errorTypes: 1,
  listeners: 1,
};
const name: Required<NameDeclaration> = {
  name: 'a',
  holderLimit: 1,
  expectedHoldMs: 1,
  system: 'memory',
  mode: 'exclusive',
};
const options: Required<PrometheusOptions> = {
  registry,
  names: [name],
  caps,
  queues: [],
  buckets: {},
  clock: { now: () => 0, monotonic: () => 0 },
};
const collecting: Required<CollectOptions> = { registry, patienceMs: 1, everyMs: 1, mostSeriesOfGone: 1 };
const listener = prometheus({ registry: false });

it.each<[string, () => unknown]>([
  ['prometheus', () => prometheus({ ...options, ...surprise })],
  ['prometheus, caps', () => prometheus({ ...options, caps: { ...caps, ...surprise } })],
  ['prometheus, names', () => prometheus({ ...options, names: [{ ...name, ...surprise }] })],
  ['declare', () => listener.declare({ ...name, ...surprise })],
  ['collectMetrics', () => collectMetrics({ ...collecting, ...surprise })],
  ['reportMetrics', () => reportMetrics({ registry, ...surprise })],
])('%s refuses an option that there is not, and registers nothing', (_, make) => {
  expect(make).toThrow(InvalidOptionsError);
  expect(make).toThrow(/^there is no option "surprise"; known are [\w, ]+$/);
  expect(registry.getMetricsAsArray()).toEqual([]);
  expect(listener.render()).not.toContain('lock_name="a"');
});
