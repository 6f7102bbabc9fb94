import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import {
  StorageClosedError,
  StorageError,
  type AcquireRequest,
  type AcquireResult,
  type LeaseUpdate,
  type ListOptions,
  type LockRecord,
  type LockState,
  type LockStorage,
  type ReleaseResult,
  type RenewResult,
  type StorageCapabilities,
} from '@lockscope/storage';
import { SqliteSchemaError } from './errors.ts';
import { describeFailure, failureOf } from './failure.ts';
import { loadDriver } from './load-driver.ts';
import type { HeldState } from './lock-reader.ts';
import { LockTable } from './lock-table.ts';
import { MachineTime } from './machine-time.ts';
import { identityOf, openFile, openHandle, type OpenFile } from './open-file.ts';
import { prepareSchema } from './schema.ts';
import { resolveOptions, type ResolvedOptions, type SqliteStorageOptions } from './sqlite-options.ts';
import { toStoredText } from './stored-text.ts';

const retryAtOnce = 2;
const longestPauseMs = 4;
const checkEveryMs = 1000;

interface OpenTable {
  readonly file: OpenFile;
  readonly table: LockTable;
  /** When to look whether the file is still there, on the machine's clock. */
  checkAt: number;
}

/**
 * Locks in an SQLite file, shared by all processes of one machine. The file is opened by the first operation, and by
 * the next one again when that failed. Tokens never go back, also over a crash of the process or the machine.
 *
 * A busy database is never told as a busy lock: an operation that cannot get the write lock of the file in time
 * rejects with a `StorageError`, and nothing has changed.
 */
export class SqliteStorage implements LockStorage {
  readonly name = 'sqlite';
  readonly capabilities: StorageCapabilities = Object.freeze({
    reach: 'machine',
    durable: true,
    notifies: false,
    queues: true,
    shares: true,
    turns: true,
  });
  readonly #options: ResolvedOptions;
  #open: OpenTable | undefined;
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

  renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    return this.#do('renew', (table) => table.renew(key, leaseId, leaseMs, update));
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

  /** Leaves out what Lockscope did not write; who asks for the key is told of it. */
  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<HeldState> {
    // Half a surrogate pair at the end of the prefix may be completed in the keys, which stores it otherwise.
    const start = toStoredText(prefix.replace(/[\ud800-\udbff]$/, ''));
    let last: string | undefined;
    do {
      const page = await this.#do('list', (table) => table.page(last ?? start, last !== undefined));
      for (const state of page.states) if (state.record.key.startsWith(prefix)) yield state;
      last = page.next;
    } while (last?.startsWith(start) === true);
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
    this.#leaveFile();
    return Promise.resolve();
  }

  /** Runs synchronous `work`, and again while another process writes. */
  async #do<T>(operation: string, work: (table: LockTable) => T): Promise<T> {
    let deadline: number | undefined;
    for (let tries = 1; ; tries += 1) {
      if (this.#closed) throw new StorageClosedError(this.name, operation);
      try {
        const open = (this.#open ??= this.#openNow());
        this.#checkFile(open);
        open.file.connection.checkFree();
        return work(open.table);
      } catch (error) {
        if (error instanceof StorageError) throw error;
        if (failureOf(error) !== 'BUSY' || isOver(deadline)) throw this.#problem(operation, error);
      }
      deadline ??= performance.now() + this.#options.busyTimeoutMs;
      await pause(tries);
    }
  }

  #openNow(): OpenTable {
    const { path, database, driver, clock } = this.#options;
    const file = database === undefined ? openFile(path as string, loadDriver(driver)) : openHandle(database);
    this.#path = file.path;
    try {
      const boot = prepareSchema(file.connection, file.path, clock);
      const time = new MachineTime(clock, boot.bootedAt);
      const table = new LockTable(file.connection, file.path, boot, time);
      return { file, table, checkAt: clock.monotonic() + checkEveryMs };
    } catch (cause) {
      file.close();
      if (failureOf(cause) !== 'ERROR') throw cause;
      const problem = `${file.path} has tables that are not as Lockscope made them: give another path`;
      throw new SqliteSchemaError(file.path, undefined, problem, { cause });
    }
  }

  /** Processes that open a new file under the path see none of the locks in the old one. */
  #checkFile(open: OpenTable): void {
    const now = this.#options.clock.monotonic();
    if (now < open.checkAt) return;
    open.checkAt = now + checkEveryMs;
    const { path, identity } = open.file;
    if (identity === undefined || identityOf(path) === identity) return;
    this.#leaveFile();
    throw new StorageError(
      this.name,
      'open',
      `${path} was removed or replaced while it was in use: the locks in it are lost`,
    );
  }

  #leaveFile(): void {
    this.#open?.file.close();
    this.#open = undefined;
  }

  #problem(operation: string, error: unknown): StorageError {
    const patience = failureOf(error) === 'BUSY' ? ` for more than ${this.#options.busyTimeoutMs} ms` : '';
    return new StorageError(this.name, operation, describeFailure(error, this.#path) + patience, { cause: error });
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
