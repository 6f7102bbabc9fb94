export type { Sink, WriteOptions } from './sink.ts';
export { isSinkClosed, SinkClosedError } from './sink-closed-error.ts';
