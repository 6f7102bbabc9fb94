export type { Sink, WriteOptions } from './sink.ts';
export { isSinkClosed, SinkClosedError } from './sink-closed-error.ts';
export { GivenUpError } from './given-up-error.ts';
export type { OnFull } from './internal/line.ts';
export { Queue, type QueueOptions } from './queue.ts';
export { QueueFullError } from './queue-full-error.ts';
