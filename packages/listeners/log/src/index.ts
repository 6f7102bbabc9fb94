export { InvalidOptionsError } from '@lockscope/core';
export type { LogListener } from './log-listener.ts';
export type { LogLevel, Logger, LogOptions, LogStream } from './log-options.ts';
export { log } from './log.ts';
