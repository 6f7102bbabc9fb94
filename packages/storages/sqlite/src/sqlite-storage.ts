import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import {
  StorageClosedError,
  StorageError,
  type AcquireRequest,
  type AcquireResult,
  type ListOptions,
  type LockRecord,
  type LockState,
  type LockStorage,
  type ReleaseResult,
  type RenewResult,
  type StorageCapabilities,
} from '@lockscope/storage';
import type { Connection } from './connection.ts';
import { SqliteSchemaError } from './errors.ts';
import { describeFailure, failureOf } from './failure.ts';
import { loadDriver } from './load-driver.ts';
import { LockTable, type HeldState } from './lock-table.ts';
import { MachineTime } from './machine-time.ts';
import { openFile, openHandle } from './open-file.ts';
import { prepareSchema } from './schema.ts';
import { resolveOptions, type ResolvedOptions, type SqliteStorageOptions } from './sqlite-options.ts';
import { toStoredText } from './stored-text.ts';

const retryAtOnce = 2;
const longestPauseMs = 4;

/**
 * Locks in an SQLite file, shared by all processes of one machine. The file is opened by the first operation, and by
 * the next one again when that failed. Tokens never go back, also over a crash of the process or the machine.
 *
 * A busy database is never told as a busy lock: an operation that cannot get the write lock of the file in time
 * rejects with a `StorageError`, and nothing has changed.
 */
export class SqliteStorage implements LockStorage {
  readonly name = 'sqlite';
  readonly capabilities: StorageCapabilities = Object.freeze({ reach: 'machine', durable: true, notifies: false, queues: true });
  readonly #options: ResolvedOptions;
  #open: { readonly connection: Connection; readonly table: LockTable } | undefined;
  #path: string;
  #closed = false;

  /** @throws {SqliteOptionsError} with all that is wrong with the options. */
  constructor(options: SqliteStorageOptions) {
    this.#options = resolveOptions(options);
    this.#path = this.#options.path ?? 'the given database';
  }

  acquire(request: AcquireRequest): Promise<AcquireResult> {
    return this.#do('acquire', (table) => table.acquire(request));
  }

  renew(key: string, leaseId: string, leaseMs: number): Promise<RenewResult> {
    return this.#do('renew', (table) => table.renew(key, leaseId, leaseMs));
  }

  release(key: string, leaseId: string): Promise<ReleaseResult> {
    return this.#do('release', (table) => table.release(key, leaseId));
  }

  leave(key: string, leaseId: string): Promise<void> {
    return this.#do('leave', (table) => table.leave(key, leaseId));
  }

  forceRelease(key: string): Promise<LockRecord | undefined> {
    return this.#do('force release', (table) => table.forceRelease(key));
  }

  read(key: string): Promise<LockState> {
    return this.#do('read', (table) => table.read(key));
  }

  /** Rejects at the end when there were rows that are not Lockscope's, after it gave all others. */
  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<HeldState> {
    // Half a surrogate pair at the end of the prefix may be completed in the keys, which stores it otherwise.
    const start = toStoredText(prefix.replace(/[\ud800-\udbff]$/, ''));
    let last: string | undefined;
    let damage: unknown;
    do {
      const page = await this.#do('list', (table) => table.page(last ?? start, last !== undefined));
      damage ??= page.damage;
      for (const state of page.states) if (state.record.key.startsWith(prefix)) yield state;
      last = page.next;
    } while (last?.startsWith(start) === true);
    if (damage !== undefined) throw damage;
  }

  /**
   * Removes what the file keeps of keys that nobody has or wants and whose last lock ended `olderThanMs` ago or
   * earlier; gives how many. Their tokens are remembered together, so they rise when a key comes back. Default one day.
   *
   * @throws {RangeError} when `olderThanMs` is not a number of at least 0.
   */
  async sweep({ olderThanMs = 86_400_000 }: { readonly olderThanMs?: number } = {}): Promise<number> {
    if (!(olderThanMs >= 0)) throw new RangeError(`olderThanMs must be at least 0, got ${olderThanMs}`);
    let removed = 0;
    for (;;) {
      const count = await this.#do('sweep', (table) => table.sweep(olderThanMs));
      if (count === 0) return removed;
      removed += count;
      await turn();
    }
  }

  /** Closes the file that it opened; a database that was given stays open. Closing again does nothing. */
  close(): Promise<void> {
    this.#closed = true;
    const open = this.#open;
    this.#open = undefined;
    if (this.#options.database === undefined) open?.connection.close();
    return Promise.resolve();
  }

  /** Runs synchronous `work`, and again while another process writes. */
  async #do<T>(operation: string, work: (table: LockTable) => T): Promise<T> {
    let deadline: number | undefined;
    for (let tries = 1; ; tries += 1) {
      if (this.#closed) throw new StorageClosedError(this.name, operation);
      try {
        const { connection, table } = (this.#open ??= this.#openNow());
        if (!connection.inTransaction) return work(table);
      } catch (error) {
        if (error instanceof StorageError) throw error;
        if (failureOf(error) !== 'BUSY' || isOver(deadline)) throw this.#problem(operation, error);
      }
      if (isOver(deadline)) throw new StorageError(this.name, operation, 'a transaction was left open on the database that you gave');
      deadline ??= performance.now() + this.#options.busyTimeoutMs;
      await pause(tries);
    }
  }

  #openNow(): { readonly connection: Connection; readonly table: LockTable } {
    const { path, database, driver, clock } = this.#options;
    const opened = path === undefined ? openHandle(database as NonNullable<typeof database>) : { connection: openFile(path, loadDriver(driver)), path };
    const { connection } = opened;
    this.#path = opened.path;
    try {
      const time = new MachineTime(clock);
      const number = prepareSchema(connection, opened.path, clock.bootId, time.now());
      const boot = { number, certain: clock.bootId !== '' };
      return { connection, table: new LockTable(connection, opened.path, boot, time) };
    } catch (cause) {
      if (path !== undefined) connection.close();
      if (failureOf(cause) !== 'ERROR') throw cause;
      throw new SqliteSchemaError(opened.path, undefined, `${opened.path} has tables that are not as Lockscope made them: give another path`, { cause });
    }
  }

  #problem(operation: string, error: unknown): StorageError {
    const text = describeFailure(error, this.#path);
    const busy = failureOf(error) === 'BUSY';
    return new StorageError(this.name, operation, busy ? `${text} for more than ${this.#options.busyTimeoutMs} ms` : text, { cause: error });
  }
}

function isOver(deadline: number | undefined): boolean {
  return deadline !== undefined && performance.now() >= deadline;
}

/** Writes of others are short: two turns of the event loop, then up to 4 ms, spread by a half. */
function pause(tries: number): Promise<void> {
  if (tries <= retryAtOnce) return turn();
  const longest = Math.min(longestPauseMs, 2 ** (tries - retryAtOnce));
  return sleep(longest * (0.5 + Math.random() / 2));
}
