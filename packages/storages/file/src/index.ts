export { FileFolderError, FileMachineError, FileOptionsError } from './errors.ts';
export type { FileStorageOptions } from './file-options.ts';
export { FileStorage } from './file-storage.ts';
export { machineClock, type MachineClock } from '@lockscope/storage/machine-clock';
