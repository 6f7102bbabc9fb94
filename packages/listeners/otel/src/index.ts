export { InvalidOptionsError } from '@lockscope/core';
export { linkAwareSampler, type LinkSampler } from './link-aware-sampler.ts';
export type { AttributeCaps, CountedQueue, NameDeclaration, OtelMetricsOptions } from './metrics/metrics-options.ts';
export { otelMetrics, type OtelMetricsListener } from './metrics/otel-metrics.ts';
export type { KeyRedaction, OtelOptions } from './otel-options.ts';
export { otel, type OtelListener } from './otel.ts';
