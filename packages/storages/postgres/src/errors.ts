import { StorageError, StorageOptionsError } from '@lockscope/storage';

const storage = 'postgres';

/** The options of a storage do not fit; `problems` has all that is wrong with them. */
export class PostgresOptionsError extends StorageOptionsError {
  constructor(problems: readonly string[]) {
    super('PostgresStorage', problems);
    this.name = 'PostgresOptionsError';
  }
}

/** The schema is not there and may not be made, is one of another version of Lockscope, or is not Lockscope's. */
export class PostgresSchemaError extends StorageError {
  override readonly code = 'POSTGRES_SCHEMA';
  readonly schema: string;
  /** The version of the schema in the database; undefined when it has none, or is not Lockscope's. */
  readonly found: number | undefined;

  constructor(schema: string, found: number | undefined, problem: string, options?: ErrorOptions) {
    super(storage, 'open', problem, options);
    this.name = 'PostgresSchemaError';
    this.schema = schema;
    this.found = found;
  }
}

/** The role of the connection lacks a permission. The message has what an administrator runs to give it. */
export class PostgresPermissionError extends StorageError {
  override readonly code = 'POSTGRES_PERMISSION';
  /** What an administrator runs, as SQL. */
  readonly sql: string;

  constructor(operation: string, problem: string, sql: string, options?: ErrorOptions) {
    super(storage, operation, `${problem}. An administrator can run:\n${sql}`, options);
    this.name = 'PostgresPermissionError';
    this.sql = sql;
  }
}
