export { LockscopeInstrumentation, type LockscopeInstrumentationConfig } from './instrumentation.ts';
