import type { Vote } from './vote.ts';

/** What a {@link StorageError} can carry. */
export interface StorageErrorOptions extends ErrorOptions {
  readonly votes?: readonly Vote[];
}

/** The storage could not answer, so nobody knows whether the operation took place. `cause` is what its client threw. */
export class StorageError extends Error {
  readonly code: string = 'STORAGE_FAILED';
  readonly storage: string;
  readonly operation: string;
  /** How each storage answered, where there are several behind this one. */
  readonly votes?: readonly Vote[];

  constructor(storage: string, operation: string, problem: string, options?: StorageErrorOptions) {
    super(`storage ${storage} failed to ${operation}: ${problem}`, options);
    this.name = 'StorageError';
    this.storage = storage;
    this.operation = operation;
    if (options?.votes !== undefined) this.votes = options.votes;
  }
}

/** The storage was closed before. */
export class StorageClosedError extends StorageError {
  override readonly code = 'STORAGE_CLOSED';

  constructor(storage: string, operation: string) {
    super(storage, operation, 'it has been closed');
    this.name = 'StorageClosedError';
  }
}

/**
 * What stands under the key was not written by Lockscope, or is damaged. It is left as it is, and the lock counts as
 * held: remove it by hand when you know that nobody needs it.
 */
export class ForeignRecordError extends StorageError {
  override readonly code = 'FOREIGN_RECORD';
  readonly key: string;

  constructor(storage: string, operation: string, key: string, problem: string, options?: ErrorOptions) {
    super(
      storage,
      operation,
      `the record of ${JSON.stringify(key)} is not one of Lockscope's: ${problem}. Remove it if nobody needs it`,
      options,
    );
    this.name = 'ForeignRecordError';
    this.key = key;
  }
}
