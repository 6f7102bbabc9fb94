export { MetricNameTakenError } from './errors.ts';
export { InvalidOptionsError } from '@lockscope/core';
export type { MetricRegistry } from './metric-registry.ts';
export type { LabelCaps, NameDeclaration, PrometheusOptions } from './options.ts';
export { prometheus, type PrometheusListener } from './prometheus.ts';
