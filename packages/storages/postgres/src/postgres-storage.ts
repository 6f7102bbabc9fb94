import {
  StorageClosedError,
  StorageError,
  type AcquireRequest,
  type AcquireResult,
  type Finding,
  type LeaseNews,
  type LeaseUpdate,
  type ListOptions,
  type LockRecord,
  type LockState,
  type LockStorage,
  type ReleaseResult,
  type RenewRequest,
  type RenewResult,
  type StorageCapabilities,
} from '@lockscope/storage';
import { parseAnswer, parseGrant, parseRecord, parseState, parseTurns, type Answer } from './answers.ts';
import { acquireValues, renewManyValues, renewValues, wholeMs } from './arguments.ts';
import { Database } from './database.ts';
import { PostgresOptionsError } from './errors.ts';
import { examine } from './examine.ts';
import { Listener, type Address } from './listener.ts';
import { checkSchema, resolveOptions, type PostgresStorageOptions, type ResolvedOptions } from './postgres-options.ts';
import { wholeSql } from './schema.ts';
import { SchemaFunctions } from './schema-functions.ts';
import { grantNews, listed, renewal, sound, textOf, type HeldState } from './results.ts';
import { fromStoredText, toStoredText } from './stored-text.ts';
import { Watchers } from './watchers.ts';

/** How long an attempt that begins to wait is held back until the connection that listens is there. */
const listenMs = 3000;
const pageLength = 100;
const renewalsAtOnce = 100;
const sweptAtOnce = 200;

/**
 * Locks in a PostgreSQL database, for all processes that reach it. They are rows, not advisory locks: they outlive
 * connections and work behind a pooler. The schema is made by the first operation. Every operation is one statement.
 *
 * A freed lock is handed to the first waiter in the same transaction, and the waiter's process is told by `NOTIFY`.
 */
export class PostgresStorage implements LockStorage {
  readonly name = 'postgres';
  readonly capabilities: StorageCapabilities;
  /** Absent when `notifications` is false. */
  readonly watch?: (key: string, leaseId: string, tell: (news: LeaseNews) => void) => () => void;
  readonly #options: ResolvedOptions;
  readonly #database: Database;
  readonly #listener: Listener;
  readonly #watchers = new Watchers();
  readonly #functions: SchemaFunctions;
  #closed = false;

  /** @throws {PostgresOptionsError} with all that is wrong with the options. */
  constructor(options: PostgresStorageOptions) {
    this.#options = resolveOptions(options);
    const { notifications } = this.#options;
    this.#database = new Database(this.#options);
    this.#functions = new SchemaFunctions(this.name, this.#database, this.#options);
    this.#listener = new Listener({
      config: this.#database.listenConfig,
      database: this.#database,
      common: () => this.#functions.prepare(),
      hear: (payload) => this.#hear(payload),
      again: () => this.#watchers.tellAll({ type: 'ask' }),
    });
    this.capabilities = Object.freeze({
      reach: 'network',
      durable: true,
      notifies: notifications,
      queues: true,
      shares: true,
      turns: true,
    });
    if (notifications) this.watch = (key, leaseId, tell) => this.#watch(key, leaseId, tell);
  }

  /**
   * The SQL that makes the schema, for an administrator to run; with `role`, also what lets that role use it.
   *
   * @throws {PostgresOptionsError} when the name of the schema does not fit.
   */
  static schemaSql({ schema = 'lockscope', role }: { readonly schema?: string; readonly role?: string } = {}): string {
    const problems: string[] = [];
    checkSchema(schema, problems);
    if (problems.length > 0) throw new PostgresOptionsError(problems);
    return wholeSql(schema, role);
  }

  async acquire(request: AcquireRequest): Promise<AcquireResult> {
    const { key } = request;
    const address = await this.#addressFor(request);
    const values = acquireValues(request, address, this.#options.durability);
    const answer = await this.#functions.call('acquire', key, 'acquire', values, true);
    if ('g' in answer) return parseGrant(key, answer, 'acquire');
    const ahead = typeof answer['a'] === 'number' ? answer['a'] : undefined;
    const record = parseRecord(key, answer['r'], 'acquire');
    return { acquired: false, record, ahead, ...parseTurns(answer), storageNow: Number(answer['t']) };
  }

  async renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    const request: RenewRequest = { key, leaseId, leaseMs, ...(update !== undefined && { update }) };
    const values = [...renewValues(request), this.#options.durability];
    return renewal(key, await this.#functions.call('renew', key, 'renew', values, true));
  }

  async renewMany(requests: readonly RenewRequest[]): Promise<readonly (RenewResult | StorageError)[]> {
    if (this.#closed) throw new StorageClosedError(this.name, 'renew');
    const parts: Promise<(RenewResult | StorageError)[]>[] = [];
    for (let from = 0; from < requests.length; from += renewalsAtOnce) {
      parts.push(this.#renewSome(requests.slice(from, from + renewalsAtOnce)));
    }
    return (await Promise.all(parts)).flat();
  }

  async release(key: string, leaseId: string): Promise<ReleaseResult> {
    const values = [toStoredText(key), toStoredText(leaseId), this.#options.durability];
    const answer = await this.#functions.call('release', key, 'release', values, false);
    if (!('t' in answer)) return { released: true };
    return { released: false, record: parseRecord(key, answer['r'], 'release'), forced: answer['f'] === true };
  }

  async leave(key: string, leaseId: string): Promise<void> {
    await this.#functions.run(
      'leave',
      'leave',
      [toStoredText(key), toStoredText(leaseId), this.#options.durability],
      true,
    );
  }

  async forceRelease(key: string): Promise<LockRecord | undefined> {
    const operation = 'force release';
    const values = [toStoredText(key), this.#options.durability];
    const answer = await this.#functions.call(operation, key, 'force_release', values, false);
    return parseRecord(key, answer['r'], operation);
  }

  async read(key: string): Promise<LockState> {
    return parseState(key, await this.#functions.call('read', key, 'read', [toStoredText(key)], true), 'read');
  }

  /** Leaves out what Lockscope did not write; who asks for the key is told of it. */
  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<HeldState> {
    // Half a surrogate pair at the end of the prefix may be completed in the keys, which stores it otherwise.
    const start = toStoredText(prefix.replace(/[\ud800-\udbff]$/, ''));
    let last: string | undefined;
    do {
      const page = await this.#page(last ?? start, last !== undefined);
      for (const answer of page) {
        const state = listed(answer);
        if (state?.record.key.startsWith(prefix) === true) yield state;
      }
      last = page.length < pageLength ? undefined : textOf(page.at(-1)?.['k']);
    } while (last?.startsWith(start) === true);
  }

  /**
   * Removes what the tables keep of keys that nobody has or wants and whose last lock ended `olderThanMs` ago or
   * earlier; gives how many. Tokens rise all the same when such a key comes back. Default one day.
   *
   * @throws {RangeError} when `olderThanMs` is not a number of at least 0.
   */
  async sweep({ olderThanMs = 86_400_000 }: { readonly olderThanMs?: number } = {}): Promise<number> {
    if (!(olderThanMs >= 0)) throw new RangeError(`olderThanMs must be at least 0, got ${olderThanMs}`);
    let removed = 0;
    for (let last: unknown = ''; typeof last === 'string';) {
      const answer = await this.#functions.run('sweep', 'sweep', [wholeMs(olderThanMs), last, sweptAtOnce], true);
      removed += Number(answer?.['n']);
      last = answer?.['l'];
    }
    return removed;
  }

  /** Looks at the server, at the way to it and at the pool. */
  async examine(): Promise<readonly Finding[]> {
    if (this.#closed) throw new StorageClosedError(this.name, 'examine');
    try {
      await this.#functions.prepare();
      return await examine(this.#database, this.#options, this.#listener);
    } catch (error) {
      throw await this.#functions.problem('examine', error);
    }
  }

  /** Waits a little for what is under way, and ends its connections. A pool that was given stays open. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#functions.close();
    this.#watchers.clear();
    await Promise.all([this.#listener.end(), this.#database.close()]);
  }

  #watch(key: string, leaseId: string, tell: (news: LeaseNews) => void): () => void {
    if (this.#closed) return () => undefined;
    const stop = this.#watchers.add(key, leaseId, tell);
    this.#listener.want();
    return () => {
      if (stop() && !this.#closed) this.#listener.rest();
    };
  }

  /** Where one that waits can be told. An attempt of a lease that is watched is not sent before it can be told. */
  async #addressFor({ key, leaseId, waitMs }: AcquireRequest): Promise<Address | undefined> {
    if (this.#watchers.size === 0 || !this.#watchers.has(key, leaseId)) return undefined;
    const address = this.#listener.address ?? (await this.#listener.ready(listenMs));
    return waitMs === undefined ? undefined : address;
  }

  /** What the server tells: a lock that was handed over, that it is worth asking, or that one was taken away. */
  #hear(payload: string): void {
    const answer = parseAnswer(payload);
    if (typeof answer?.['k'] !== 'string') return;
    const key = fromStoredText(answer['k']);
    const { f: forced, a: ask, g: grant } = answer;
    if (typeof forced === 'string') return this.#watchers.tell(key, fromStoredText(forced), { type: 'forced' });
    if (typeof ask === 'string') return this.#watchers.tell(key, fromStoredText(ask), { type: 'ask' });
    const leaseId = Array.isArray(grant) && typeof grant[0] === 'string' ? fromStoredText(grant[0]) : undefined;
    if (leaseId === undefined || !this.#watchers.has(key, leaseId)) return;
    this.#watchers.tell(key, leaseId, grantNews(key, answer));
  }

  async #renewSome(requests: readonly RenewRequest[]): Promise<(RenewResult | StorageError)[]> {
    try {
      const values = [...renewManyValues(requests), this.#options.durability];
      const answers = await this.#functions.run('renew', 'renew_many', values, true);
      return requests.map(({ key }, at) => {
        const answer = (answers as readonly Answer[] | undefined)?.[at];
        try {
          if (answer === undefined) throw new StorageError(this.name, 'renew', 'the server gave no answer for it');
          return renewal(key, sound(key, answer, 'renew'));
        } catch (error) {
          if (error instanceof StorageError) return error;
          throw error;
        }
      });
    } catch (error) {
      if (error instanceof StorageError) return requests.map(() => error);
      throw error;
    }
  }

  async #page(from: string, after: boolean): Promise<readonly Answer[]> {
    const page = await this.#functions.run('list', 'page', [from, after, pageLength], true);
    return Array.isArray(page) ? (page as Answer[]) : [];
  }
}
