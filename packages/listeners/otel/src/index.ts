export type { KeyRedaction, OtelOptions } from './otel-options.ts';
export { otel, type OtelListener } from './otel.ts';
