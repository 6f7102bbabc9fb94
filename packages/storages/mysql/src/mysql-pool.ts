import type { Pool as CallbackPool } from 'mysql2';
import { createPool, type Pool, type PoolConnection, type PoolOptions } from 'mysql2/promise';
import type { Answer } from './row.ts';

/** A pool of `mysql2` or of `mysql2/promise`. */
export type MysqlPool = Pool | CallbackPool;

const endMs = 1000;

/** One connection out of a pool, for one user at a time. */
export type Connection = PoolConnection;

/** A pool, own or given, and what is sent over it. All reject with what the client rejects with, or {@link TimeoutError}. */
export class ConnectionPool {
  readonly #pool: Pool;
  readonly #isOwn: boolean;
  /** What this pool has open, so that it can be ended while the server stands still. */
  readonly #open = new Set<Connection>();
  readonly #heard = new WeakSet<object>();

  private constructor(pool: Pool, isOwn: boolean) {
    this.#pool = pool;
    this.#isOwn = isOwn;
  }

  /** A pool of its own. The server waits for a row no longer than somebody waits for its answer. */
  static own(options: PoolOptions, commandTimeoutMs: number): ConnectionPool {
    const pool = createPool(options);
    const seconds = Math.max(1, Math.floor(commandTimeoutMs / 1000) - 1);
    pool.pool.on('connection', (connection) => {
      connection.query(`SET SESSION innodb_lock_wait_timeout = ${seconds}`, () => undefined);
    });
    return new ConnectionPool(pool, true);
  }

  static given(pool: MysqlPool): ConnectionPool {
    return new ConnectionPool('promise' in pool ? pool.promise() : pool, false);
  }

  /** At most so many connections; undefined where the pool does not say. */
  get connectionLimit(): number | undefined {
    const { config } = this.#pool.pool as { readonly config?: { readonly connectionLimit?: unknown } };
    return typeof config?.connectionLimit === 'number' ? config.connectionLimit : undefined;
  }

  /** Runs `work` with a connection and gives it back; one that did not answer by the deadline is given up. */
  async with<T>(deadline: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await within(deadline, this.#pool.getConnection(), (late) => late.release());
    this.#hear(connection);
    this.#open.add(connection);
    try {
      return await within(deadline, work(connection), () => undefined);
    } catch (error) {
      await reset(connection, deadline);
      throw error;
    } finally {
      this.#open.delete(connection);
      connection.release();
    }
  }

  /** Ends a pool of its own, also when the server does not answer. */
  async end(): Promise<void> {
    if (!this.#isOwn) return;
    const ended = this.#pool.end();
    try {
      await within(performance.now() + endMs, ended, () => undefined);
    } catch {
      for (const connection of this.#open) connection.destroy();
      ended.catch(() => undefined);
    }
  }

  /** A connection tells of its end by an event as well, which ends the process where nobody listens. */
  #hear(connection: Connection): void {
    const { connection: core } = connection;
    if (this.#heard.has(core)) return;
    this.#heard.add(core);
    core.on('error', () => undefined);
  }
}

/** The server did not answer in time; nobody knows what it did. */
export class TimeoutError extends Error {
  readonly code = 'TIMEOUT';
}

/** The answers to several statements that are sent as one command. */
export async function send(connection: Connection, statements: readonly string[]): Promise<readonly Answer[]> {
  const [answers] = await connection.query({
    sql: statements.join(';\n'),
    // Bytes as they come: what a connection of yours makes of numbers and texts is your choice.
    typeCast: (field) => field.buffer(),
    rowsAsArray: false,
    nestTables: false,
  });
  return statements.length === 1 ? [answers as Answer] : (answers as Answer[]);
}

/** A connection goes back without a transaction, or not at all: one that is late or broken cannot even be asked. */
async function reset(connection: Connection, deadline: number): Promise<void> {
  try {
    await within(deadline, connection.query('ROLLBACK'), () => undefined);
  } catch {
    connection.destroy();
  }
}

/** The promise's outcome, or a {@link TimeoutError} at the deadline; then `late` gets what comes after it. */
async function within<T>(deadline: number, promise: Promise<T>, late: (value: T) => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError('no answer in time')), Math.max(0, deadline - performance.now()));
  });
  try {
    return await Promise.race([promise, timeout]);
  } catch (error) {
    if (error instanceof TimeoutError) promise.then(late, () => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
