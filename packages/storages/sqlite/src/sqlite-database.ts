/** A prepared statement, as far as Lockscope needs it. */
export interface SqliteStatement {
  get(...parameters: SqliteValue[]): unknown;
  all(...parameters: SqliteValue[]): unknown[];
  run(...parameters: SqliteValue[]): { readonly changes: number | bigint };
}

/** What Lockscope puts into a statement. */
export type SqliteValue = string | number | null;

/**
 * An open database, as far as Lockscope needs it. Handles of `node:sqlite`, `libsql` and `better-sqlite3` all fit.
 */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  close(): unknown;
  /** True while a transaction is open (`better-sqlite3`, `libsql`). */
  readonly inTransaction?: boolean;
  /** True while a transaction is open (`node:sqlite`, from Node 22.16). */
  readonly isTransaction?: boolean;
}
