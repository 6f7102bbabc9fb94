export { InvalidOptionsError } from '@lockscope/core';
export { linkAwareSampler, type LinkSampler } from './link-aware-sampler.ts';
export type { KeyRedaction, OtelOptions } from './otel-options.ts';
export { otel, type OtelListener } from './otel.ts';
