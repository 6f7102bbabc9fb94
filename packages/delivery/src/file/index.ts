export { FileSink, type FileSinkOptions } from './file-sink.ts';
export { FileSinkError, type FileOperation } from './file-sink-error.ts';
export type { Repair } from './repair.ts';
