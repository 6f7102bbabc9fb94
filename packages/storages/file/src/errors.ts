import { StorageError, StorageOptionsError } from '@lockscope/storage';

/** @internal */
export const storageName = 'file';

/** The options of a storage do not fit; `problems` has all that is wrong with them. */
export class FileOptionsError extends StorageOptionsError {
  constructor(problems: readonly string[]) {
    super('FileStorage', problems);
    this.name = 'FileOptionsError';
  }
}

/**
 * The folder is not one that this storage can use: it is of another version of Lockscope, of something else, or its
 * processes do not agree on whether it is shared between machines.
 */
export class FileFolderError extends StorageError {
  override readonly code = 'FILE_FOLDER';
  readonly path: string;

  constructor(path: string, operation: string, problem: string, options?: ErrorOptions) {
    super(storageName, operation, `${path} ${problem}`, options);
    this.name = 'FileFolderError';
    this.path = path;
  }
}

/**
 * Another machine uses the folder too, or another kernel (gVisor, a VM), although it was opened for one machine. Their
 * clocks do not agree, so their locks would not hold.
 */
export class FileMachineError extends StorageError {
  override readonly code = 'FILE_OTHER_MACHINE';
  readonly path: string;

  constructor(path: string, operation: string) {
    super(
      storageName,
      operation,
      `${path} is also used from another machine, or from a sandbox with a kernel of its own: give shared: true to all that use it`,
    );
    this.name = 'FileMachineError';
    this.path = path;
  }
}
