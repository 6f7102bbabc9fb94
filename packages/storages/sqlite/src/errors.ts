import { StorageError, StorageOptionsError } from '@lockscope/storage';

const storage = 'sqlite';

/** The options of a storage do not fit; `problems` has all that is wrong with them. */
export class SqliteOptionsError extends StorageOptionsError {
  constructor(problems: readonly string[]) {
    super('SqliteStorage', problems);
    this.name = 'SqliteOptionsError';
  }
}

/** There is no SQLite that this Node can use. The message says what to install. */
export class SqliteDriverError extends StorageError {
  override readonly code = 'SQLITE_DRIVER';
  /** The package or module that was missing or refused. */
  readonly driver: string;

  constructor(driver: string, problem: string, options?: ErrorOptions) {
    super(storage, 'open', problem, options);
    this.name = 'SqliteDriverError';
    this.driver = driver;
  }
}

/** The file has tables of another version of Lockscope, or tables with its names that it did not make. */
export class SqliteSchemaError extends StorageError {
  override readonly code = 'SQLITE_SCHEMA';
  readonly path: string;
  /** The version of the tables in the file; undefined when they are not Lockscope's. */
  readonly found: number | undefined;

  constructor(path: string, found: number | undefined, problem: string, options?: ErrorOptions) {
    super(storage, 'open', problem, options);
    this.name = 'SqliteSchemaError';
    this.path = path;
    this.found = found;
  }
}

/**
 * Since this storage was opened, another run of a machine has opened the file: it is shared between machines, or
 * between sandboxes that each have a kernel of their own. Their clocks do not agree, so their locks would not hold.
 */
export class SqliteMachineError extends StorageError {
  override readonly code = 'SQLITE_OTHER_MACHINE';
  readonly path: string;

  constructor(path: string, operation: string) {
    super(
      storage,
      operation,
      `${path} is also used from another machine, or from a sandbox with a kernel of its own. Locks in one file hold only between processes of one machine`,
    );
    this.name = 'SqliteMachineError';
    this.path = path;
  }
}
