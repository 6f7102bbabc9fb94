import { OpenTransactionError } from './failure.ts';
import type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.ts';

/** A row, whatever is in it. */
export type Row = Readonly<Record<string, unknown>>;

/** One open database with its prepared statements. All calls are synchronous and throw what the driver throws. */
export class Connection {
  readonly #database: SqliteDatabase;
  readonly #statements = new Map<string, SqliteStatement>();

  /**
   * True when one statement may be a transaction of its own. libsql 0.5 leaves a statement that found the database busy
   * in progress, and no transaction can be committed until the garbage collector finds it; there the write lock is
   * taken first, by `exec`, which leaves nothing behind.
   */
  readonly commitsByItself: boolean;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.commitsByItself = 'isTransaction' in database;
  }

  /** @throws {OpenTransactionError} when somebody else who has this handle left a transaction open. */
  checkFree(): void {
    if (this.#database.inTransaction ?? this.#database.isTransaction ?? false) throw new OpenTransactionError();
  }

  /** Fails when the tables are not those that the statement is for. */
  prepare(sql: string): void {
    this.#prepared(sql);
  }

  get(sql: string, ...parameters: SqliteValue[]): Row | undefined {
    try {
      return (this.#prepared(sql).get(...parameters) ?? undefined) as Row | undefined;
    } catch (error) {
      throw this.#forget(sql, error);
    }
  }

  all(sql: string, ...parameters: SqliteValue[]): readonly Row[] {
    try {
      return this.#prepared(sql).all(...parameters) as readonly Row[];
    } catch (error) {
      throw this.#forget(sql, error);
    }
  }

  /** Changes something in a transaction of its own; gives how many rows it changed. */
  write(sql: string, ...parameters: SqliteValue[]): number {
    return this.commitsByItself ? this.run(sql, ...parameters) : this.transaction(() => this.run(sql, ...parameters));
  }

  /** Inside a transaction; gives how many rows it changed. */
  run(sql: string, ...parameters: SqliteValue[]): number {
    try {
      return Number(this.#prepared(sql).run(...parameters).changes);
    } catch (error) {
      throw this.#forget(sql, error);
    }
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Runs `work` with the write lock; all of it is there afterwards, or nothing. */
  transaction<T>(work: () => T): T {
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      try {
        this.exec('ROLLBACK');
      } catch {
        // SQLite has rolled back by itself; what happened first is what counts.
      }
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepared(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }

  /** After an error libsql 0.5 runs a statement with the parameters of the failed call, so it is prepared anew. */
  #forget(sql: string, error: unknown): unknown {
    this.#statements.delete(sql);
    return error;
  }
}
