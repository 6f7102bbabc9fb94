export { MetricNameTakenError } from './errors.ts';
export { InvalidOptionsError } from '@lockscope/core';
export type { MetricRegistry } from './metric-registry.ts';
export type { LabelCaps, NameDeclaration, PrometheusOptions } from './options.ts';
export type { WatchedQueue } from './queue-counts.ts';
export { prometheus, type PrometheusListener } from './prometheus.ts';
