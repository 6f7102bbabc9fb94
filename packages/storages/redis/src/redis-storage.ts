import { randomBytes } from 'node:crypto';
import {
  ForeignRecordError,
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
import { acquireArguments, readAcquired, recordedRequest, wholeMs } from './acquiring.ts';
import { givenDriver, ownDriver } from './connect.ts';
import { isUnknownScript, type RedisDriver } from './driver.ts';
import { examine } from './examine.ts';
import { describeFailure, isForeign } from './failure.ts';
import { KeyNames } from './key-names.ts';
import { readState } from './lock-state.ts';
import { News } from './news.ts';
import { parseRecord, recordedHolder } from './record-text.ts';
import { renewInBatches } from './renewing.ts';
import { resolveOptions, type RedisStorageOptions, type ResolvedOptions } from './redis-options.ts';
import { acquire } from './scripts/acquire.ts';
import { inspect } from './scripts/inspect.ts';
import { forceRelease, leave, release } from './scripts/release.ts';
import { renew, renewMany } from './scripts/renew.ts';
import type { Script } from './scripts/script.ts';
import { toWord } from './stored-text.ts';

/** One page of `list`. */
const pageSize = 500;

interface Connection {
  readonly driver: RedisDriver;
  readonly names: KeyNames;
  readonly news: News;
}

/**
 * Locks in Redis or Valkey, for all processes that reach it: one server, Sentinel or Cluster. An acquire is one command
 * and a release is one command; a lock that others wait for is handed to the first of them by the release itself.
 *
 * Tokens never go back while the clock of the server does not, whatever becomes of its data.
 */
export class RedisStorage implements LockStorage {
  readonly name = 'redis';
  readonly capabilities: StorageCapabilities = Object.freeze({
    reach: 'network',
    durable: true,
    notifies: true,
    queues: true,
    shares: true,
    turns: true,
  });
  readonly #options: ResolvedOptions;
  /** Names this process in records and in the name of its channel. */
  readonly #instance = randomBytes(9).toString('base64url');
  #connection: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  #closed = false;

  /** @throws {RedisOptionsError} with all that is wrong with the options. */
  constructor(options: RedisStorageOptions) {
    this.#options = resolveOptions(options);
    const { client } = this.#options;
    if (client !== undefined) this.#connection = this.#connect(givenDriver(client));
  }

  async acquire(request: AcquireRequest): Promise<AcquireResult> {
    const { news } = this.#connection ?? (await this.#open('acquire'));
    const { key, leaseId, waitMs } = request;
    const watched = news.watched(key, leaseId);
    const { subscribeTimeoutMs } = this.#options;
    const opening = watched === undefined ? undefined : news.untilLive(subscribeTimeoutMs);
    if (opening === undefined) return this.#attempt(request);
    if (waitMs !== undefined && watched?.inLine === false) {
      // Its place in line comes first, but not for long, should its process end before it can be told.
      const first = await this.#attempt({ ...request, waitMs: Math.min(waitMs, 2 * subscribeTimeoutMs) });
      if (first.acquired) return first;
    }
    await opening;
    return this.#attempt(request);
  }

  async #attempt(request: AcquireRequest): Promise<AcquireResult> {
    const { names, news, driver } = this.#connection as Connection;
    const { key, waitMs } = request;
    const watched = news.watched(key, request.leaseId);
    // In a cluster only the listeners of one node are counted, so nobody is passed over for not listening.
    const told = watched === undefined || waitMs === undefined || !news.isLive ? 0 : driver.cluster ? 2 : 1;
    const recorded = recordedRequest(request);
    if (watched !== undefined) watched.request = recorded;
    const args = acquireArguments(recorded, this.#instance, told, watched?.inLine === true);
    const keys = [names.lock(key), names.counter(key)];
    const result = readAcquired(await this.#send('acquire', key, acquire, keys, args), recorded);
    if (watched !== undefined) watched.inLine = !result.acquired && waitMs !== undefined;
    return result;
  }

  async renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    const lease = wholeMs(leaseMs);
    const args = [toWord(leaseId), String(lease)];
    if (update !== undefined) args.push(String(update.fencingToken), JSON.stringify(recordedHolder(update.holder)));
    const reply = await this.#run('renew', key, renew, args);
    if (!Array.isArray(reply)) return { renewed: true, expiresAt: Number(reply) + lease, storageNow: Number(reply) };
    const [, text, forced, now] = reply as unknown[];
    const record = recordOf(key, text, 'renew');
    return { renewed: false, record, forced: Number(forced) === 1, storageNow: Number(now) };
  }

  async renewMany(requests: readonly RenewRequest[]): Promise<readonly (RenewResult | StorageError)[]> {
    const { driver, names } = this.#connection ?? (await this.#open('renew'));
    if (this.#closed) throw new StorageClosedError(this.name, 'renew');
    return renewInBatches(
      requests,
      driver.cluster,
      (keys, args) =>
        this.#send(
          'renew',
          '',
          renewMany,
          keys.map((key) => names.lock(key)),
          args,
        ),
      ({ key, leaseId, leaseMs, update }) => this.renew(key, leaseId, leaseMs, update),
    );
  }

  async release(key: string, leaseId: string): Promise<ReleaseResult> {
    const { names, news } = this.#connection ?? (await this.#open('release'));
    const args = [`${toWord(leaseId)} `, names.channels];
    if (news.isOnOneConnection) args.push(this.#instance);
    const reply = await this.#send('release', key, release, [names.lock(key)], args);
    if (!Array.isArray(reply)) return released;
    const [, text, forced] = reply as unknown[];
    return { released: false, record: recordOf(key, text, 'release'), forced: Number(forced) === 1 };
  }

  async leave(key: string, leaseId: string): Promise<void> {
    await this.#run('leave', key, leave, [toWord(leaseId)]);
  }

  async forceRelease(key: string): Promise<LockRecord | undefined> {
    return recordOf(key, await this.#run('force release', key, forceRelease, []), 'force release');
  }

  async read(key: string): Promise<LockState> {
    return readState(key, await this.#run('read', key, inspect, []), 'read');
  }

  /** Looks at every key of the database in pages, and keeps the keys of the locks that it found in memory. */
  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<LockState & { readonly record: LockRecord }> {
    const keys = (await this.#keys(prefix)).toSorted();
    for (let start = 0; start < keys.length; start += pageSize) {
      const page = keys.slice(start, start + pageSize).map((key) => this.#readable(key));
      for (const state of await Promise.all(page)) {
        if (state?.record !== undefined) yield { ...state, record: state.record };
      }
    }
  }

  watch(key: string, leaseId: string, tell: (news: LeaseNews) => void): () => void {
    if (this.#closed) return () => undefined;
    const connection = this.#connection;
    if (connection !== undefined) return connection.news.watch(key, connection.names.fullLock(key), leaseId, tell);
    let stop: (() => void) | undefined;
    let stopped = false;
    const begin = async (): Promise<void> => {
      const { news, names } = await this.#open('watch');
      if (!stopped) stop = news.watch(key, names.fullLock(key), leaseId, tell);
    };
    // Who waits asks, and is told then why there is no connection.
    begin().catch(() => undefined);
    return () => {
      stopped = true;
      stop?.();
    };
  }

  async examine(): Promise<readonly Finding[]> {
    const { driver } = this.#connection ?? (await this.#open('examine'));
    try {
      return await examine(driver);
    } catch (error) {
      throw this.#failure('examine', '', error);
    }
  }

  /** Ends its subscription, and the client if it is its own; a client that was given stays open. Closing again does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      const connection = this.#connection ?? (await this.#connecting);
      await connection?.news.close();
      await connection?.driver.close();
    } catch {
      // It never was open.
    }
  }

  async #keys(prefix: string): Promise<string[]> {
    const { names, driver } = this.#connection ?? (await this.#open('list'));
    if (this.#closed) throw new StorageClosedError(this.name, 'list');
    const keys = new Set<string>();
    try {
      for await (const page of driver.scan(names.pattern(prefix))) {
        for (const name of page) {
          const key = names.keyOf(name);
          if (key?.startsWith(prefix) === true) keys.add(key);
        }
      }
    } catch (error) {
      throw this.#failure('list', '', error);
    }
    return [...keys];
  }

  /** Undefined for what Lockscope did not write; who asks for the key is told of it. */
  async #readable(key: string): Promise<LockState | undefined> {
    try {
      return readState(key, await this.#run('list', key, inspect, []), 'list');
    } catch (error) {
      if (error instanceof ForeignRecordError) return undefined;
      throw error;
    }
  }

  async #run(operation: string, key: string, script: Script, args: string[]): Promise<unknown> {
    const { names } = this.#connection ?? (await this.#open(operation));
    return this.#send(operation, key, script, [names.lock(key)], args);
  }

  async #send(
    operation: string,
    key: string,
    script: Script,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    if (this.#closed) throw new StorageClosedError(this.name, operation);
    const { driver } = this.#connection as Connection;
    try {
      return await driver.run(script, false, keys, args);
    } catch (error) {
      if (!isUnknownScript(error)) throw this.#failure(operation, key, error);
    }
    try {
      return await driver.run(script, true, keys, args);
    } catch (error) {
      throw this.#failure(operation, key, error);
    }
  }

  #failure(operation: string, key: string, cause: unknown): StorageError {
    if (cause instanceof StorageError) return cause;
    if (this.#closed) return new StorageClosedError(this.name, operation);
    if (isForeign(cause)) {
      const problem = 'what stands there was not written by Lockscope, or is damaged';
      return new ForeignRecordError(this.name, operation, key, problem, { cause });
    }
    return new StorageError(this.name, operation, describeFailure(cause), { cause });
  }

  async #open(operation: string): Promise<Connection> {
    if (this.#closed) throw new StorageClosedError(this.name, operation);
    const { url = '', commandTimeoutMs, driver } = this.#options;
    this.#connecting ??= (async () =>
      (this.#connection = this.#connect(await ownDriver(url, commandTimeoutMs, driver))))();
    try {
      return await this.#connecting;
    } catch (error) {
      this.#connecting = undefined;
      throw this.#failure(operation, '', error);
    }
  }

  #connect(driver: RedisDriver): Connection {
    const names = new KeyNames(this.#options.prefix, driver.keyPrefix);
    return { driver, names, news: new News(driver, names.channel(this.#instance), this.#options.lingerMs) };
  }
}

const released: ReleaseResult = Object.freeze({ released: true });

function recordOf(key: string, text: unknown, operation: string): LockRecord | undefined {
  return text === null || text === undefined ? undefined : parseRecord(key, text, operation);
}
