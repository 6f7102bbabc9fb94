import { setTimeout as sleep } from 'node:timers/promises';
import { StorageClosedError, StorageError } from '@lockscope/storage';
import { describeFailure, isPassing } from './failure.ts';
import { ConnectionPool, send, TimeoutError, type Connection } from './mysql-pool.ts';
import type { ResolvedOptions } from './mysql-options.ts';
import type { Answer } from './row.ts';
import { prepareSchema } from './schema.ts';
import { fill, type SqlValues } from './script.ts';
import { scriptsFor, type Scripts } from './statements.ts';
import { tableNames } from './tables.ts';

const storage = 'mysql';
const longestPauseMs = 20;

/** Sends scripts over a pool, one command each, again when others were in the way; rejects with StorageErrors. */
export class Database {
  readonly #options: ResolvedOptions;
  #pool: ConnectionPool | undefined;
  #scripts: Promise<Scripts> | undefined;
  #closed = false;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /**
   * The answers to one script, one for each statement. `fillIn` changes its text before the values are written in.
   */
  run(
    operation: string,
    script: keyof Scripts,
    values: SqlValues,
    fillIn: (statement: string) => string = asItIs,
  ): Promise<readonly Answer[]> {
    return this.#do(operation, async (pool, deadline) => {
      const scripts = await this.#open(pool, deadline);
      const statements = scripts[script].map((statement) => fill(fillIn(statement), values));
      return pool.with(deadline, (connection) => send(connection, statements));
    });
  }

  /** Runs `work` on a connection, whether the tables are there or not. */
  look<T>(operation: string, work: (connection: Connection, connectionLimit?: number) => Promise<T>): Promise<T> {
    return this.#do(operation, (pool, deadline) =>
      pool.with(deadline, (connection) => work(connection, pool.connectionLimit)),
    );
  }

  /** Ends its own pool. What is under way rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    const pool = this.#pool;
    this.#pool = undefined;
    this.#scripts = undefined;
    await pool?.end();
  }

  async #do<T>(operation: string, work: (pool: ConnectionPool, deadline: number) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#options.commandTimeoutMs;
    for (let tries = 1; ; tries += 1) {
      if (this.#closed) throw new StorageClosedError(storage, operation);
      try {
        return await work((this.#pool ??= this.#connect()), deadline);
      } catch (error) {
        if (error instanceof StorageError) throw error;
        if (this.#closed) throw new StorageClosedError(storage, operation);
        if (!isPassing(error) || performance.now() >= deadline) throw this.#problem(operation, error);
      }
      await sleep(Math.min(longestPauseMs, 2 ** tries) * (0.5 + Math.random() / 2));
    }
  }

  #connect(): ConnectionPool {
    const { pool, connection, commandTimeoutMs } = this.#options;
    return pool === undefined ? ConnectionPool.own(connection, commandTimeoutMs) : ConnectionPool.given(pool);
  }

  /** Looks at the server and its tables once; again when that failed. */
  #open(pool: ConnectionPool, deadline: number): Promise<Scripts> {
    if (this.#scripts !== undefined) return this.#scripts;
    const { prefix } = this.#options;
    const opening = pool.with(deadline, async (connection): Promise<Scripts> => {
      const { logsStatements } = await prepareSchema(connection, prefix);
      return scriptsFor(tableNames(prefix), logsStatements);
    });
    this.#scripts = opening;
    opening.catch(() => {
      if (this.#scripts === opening) this.#scripts = undefined;
    });
    return opening;
  }

  #problem(operation: string, error: unknown): StorageError {
    const patience = error instanceof TimeoutError ? ` (${this.#options.commandTimeoutMs} ms)` : '';
    return new StorageError(storage, operation, describeFailure(error) + patience, { cause: error });
  }
}

function asItIs(statement: string): string {
  return statement;
}
