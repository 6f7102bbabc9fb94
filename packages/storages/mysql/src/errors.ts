import { StorageError, StorageOptionsError } from '@lockscope/storage';

const storage = 'mysql';

/** The options of a storage do not fit; `problems` has all that is wrong with them. */
export class MysqlOptionsError extends StorageOptionsError {
  constructor(problems: readonly string[]) {
    super('MysqlStorage', problems);
    this.name = 'MysqlOptionsError';
  }
}

/**
 * The database cannot have the tables, or has others: it is too old, this user may not make them, or they belong to
 * somebody else or to another version of Lockscope. The message says what to do.
 */
export class MysqlSchemaError extends StorageError {
  override readonly code = 'MYSQL_SCHEMA';
  /** The version of the tables that are there; undefined when there are none, or none of Lockscope's. */
  readonly found: number | undefined;

  constructor(found: number | undefined, problem: string, options?: ErrorOptions) {
    super(storage, 'open', problem, options);
    this.name = 'MysqlSchemaError';
    this.found = found;
  }
}
