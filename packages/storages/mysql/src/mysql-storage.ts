import { setImmediate as turn } from 'node:timers/promises';
import type {
  AcquireRequest,
  AcquireResult,
  Finding,
  LeaseUpdate,
  ListOptions,
  LockRecord,
  LockState,
  LockStorage,
  ReleaseResult,
  RenewRequest,
  RenewResult,
  StorageCapabilities,
  StorageError,
} from '@lockscope/storage';
import { Database } from './database.ts';
import { examine } from './examine.ts';
import { Listing, type HeldState } from './listing.ts';
import { LockTable } from './lock-table.ts';
import { resolveOptions, type MysqlStorageOptions } from './mysql-options.ts';
import { Renewals } from './renewals.ts';
import { createTables, tableNames } from './tables.ts';

/**
 * Locks in four tables of a MariaDB (10.6 or later) or MySQL (8.0 or later) database, shared by all that reach it. The
 * tables are made by the first operation. Time is the server's; tokens never go back while its data are kept.
 *
 * A busy database is never told as a busy lock: an operation that gets no answer in time rejects with a `StorageError`.
 */
export class MysqlStorage implements LockStorage {
  readonly name = 'mysql';
  readonly capabilities: StorageCapabilities = Object.freeze({
    reach: 'network',
    durable: true,
    notifies: false,
    queues: true,
    shares: true,
    turns: true,
  });
  readonly #database: Database;
  readonly #limits: { readonly prefix: string; readonly commandTimeoutMs: number };
  readonly #table: LockTable;
  readonly #renewals: Renewals;
  readonly #listing: Listing;

  /** @throws {MysqlOptionsError} with all that is wrong with the options. */
  constructor(options: MysqlStorageOptions) {
    const resolved = resolveOptions(options);
    this.#limits = { prefix: resolved.prefix, commandTimeoutMs: resolved.commandTimeoutMs };
    this.#database = new Database(resolved);
    this.#table = new LockTable(this.#database);
    this.#renewals = new Renewals(this.#database, this.#table);
    this.#listing = new Listing(this.#database);
  }

  /** The statements that make the tables, for where the program's user may not. */
  static schemaSql(prefix = 'lockscope_'): string {
    const { prefix: checked } = resolveOptions({ url: 'mysql://localhost/any', prefix });
    return `${createTables(tableNames(checked)).join(';\n')};\n`;
  }

  async acquire(request: AcquireRequest): Promise<AcquireResult> {
    return this.#table.acquire(request);
  }

  async renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    return this.#table.renew(key, leaseId, leaseMs, update);
  }

  /** A few hundred in one command; those that share a lock one after the other. */
  async renewMany(requests: readonly RenewRequest[]): Promise<readonly (RenewResult | StorageError)[]> {
    return this.#renewals.renewMany(requests);
  }

  async release(key: string, leaseId: string): Promise<ReleaseResult> {
    return this.#table.release(key, leaseId);
  }

  async leave(key: string, leaseId: string): Promise<void> {
    return this.#table.leave(key, leaseId);
  }

  async forceRelease(key: string): Promise<LockRecord | undefined> {
    return this.#table.forceRelease(key);
  }

  async read(key: string): Promise<LockState> {
    return this.#table.read(key);
  }

  /** Leaves out what Lockscope did not write; who asks for the key is told of it. */
  list(options?: ListOptions): AsyncGenerator<HeldState> {
    return this.#listing.list(options);
  }

  /**
   * Removes the rows of keys that nobody has or wants and whose last lock ended `olderThanMs` ago or earlier; gives how
   * many. Their tokens are remembered together, so they rise when a key comes back. Default one day.
   *
   * @throws {RangeError} when `olderThanMs` is not a number of at least 0.
   */
  async sweep({ olderThanMs = 86_400_000 }: { readonly olderThanMs?: number } = {}): Promise<number> {
    if (!(olderThanMs >= 0)) throw new RangeError(`olderThanMs must be at least 0, got ${olderThanMs}`);
    let removed = 0;
    let after: Buffer | undefined = Buffer.alloc(0);
    while (after !== undefined) {
      const swept = await this.#listing.sweep(after, olderThanMs);
      removed += swept.removed;
      after = swept.next;
      await turn();
    }
    return removed;
  }

  /** Settings of the server and of the pool that make locks unsafe or slow. */
  async examine(): Promise<readonly Finding[]> {
    return this.#database.look('examine', (connection, connectionLimit) =>
      examine({ ...this.#limits, connection, connectionLimit }),
    );
  }

  /** Ends the pool that it made; one that was given stays open. Closing again does nothing. */
  close(): Promise<void> {
    return this.#database.close();
  }
}
