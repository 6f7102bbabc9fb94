import { StorageClosedError, StorageError } from '@lockscope/storage';
import {
  Etcd3,
  EtcdAuthenticationFailedError,
  EtcdPermissionDeniedError,
  GRPCDeadlineExceededError,
  type IOptions,
} from 'etcd3';
import type { CheckedEtcdOptions } from './etcd-options.ts';
import { Keys } from './keys.ts';
import { Leases } from './leases.ts';
import { News, type Message } from './news.ts';
import { Records } from './records.ts';
import type { View } from './requests.ts';

/** What an operation works with once it is known from where tokens count. */
export interface Open {
  readonly client: Etcd3;
  readonly leases: Leases;
  readonly records: Records;
}

/** etcd3 gives up on a host for five seconds after three failures; who waits for a lock decides that itself. */
const callsThrough = {
  execute: async (work: (context: object) => unknown): Promise<unknown> => work({}),
};

/** The client, and what belongs to it: made by the first operation. */
export class Session {
  readonly keys: Keys;
  readonly news: News;
  /** What this instance last saw of locks that it has, so that a write can start from there. Never an answer. */
  readonly known: Map<string, View> = new Map();
  readonly #options: CheckedEtcdOptions;
  readonly #now: () => number;
  #client: Etcd3 | undefined;
  #opening: Promise<Open> | undefined;
  #open: Open | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: CheckedEtcdOptions, now: () => number, hear: (message: Message) => void) {
    this.#options = options;
    this.#now = now;
    this.keys = new Keys(options.prefix);
    this.news = new News(this.keys, hear);
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  get open(): Open | undefined {
    return this.#open;
  }

  /** Runs an operation; whatever goes wrong is a `StorageError`. */
  async call<T>(operation: string, work: (open: Open) => Promise<T>): Promise<T> {
    if (this.isClosed) throw new StorageClosedError('etcd', operation);
    try {
      return await work(this.#open ?? (await this.#opened()));
    } catch (error) {
      if (this.isClosed) throw new StorageClosedError('etcd', operation);
      if (error instanceof StorageError) throw error;
      throw new StorageError('etcd', operation, this.#describe(error), { cause: error });
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#end());
  }

  async #end(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.news.close(this.#options.timeoutMs);
    await this.#open?.leases.close();
    if (this.#options.client === undefined) this.#client?.close();
    this.#open = undefined;
  }

  #opened(): Promise<Open> {
    this.#opening ??= this.#openNow().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #openNow(): Promise<Open> {
    const { client: given, connect, timeoutMs, conflictRetries } = this.#options;
    const client = (this.#client ??= given ?? new Etcd3({ ...ownDefaults, ...connect }));
    const base = await this.#base(client);
    const leases = new Leases(client.leaseClient, timeoutMs);
    const { keys } = this;
    const records = new Records({ client, keys, leases, retries: conflictRetries, timeoutMs, base, now: this.#now });
    if (!this.isClosed) this.news.use(client);
    return (this.#open = { client, leases, records });
  }

  /** From where tokens count: the microsecond of the first use, so those of an etcd that was set up anew are greater. */
  async #base(client: Etcd3): Promise<number> {
    const key = this.keys.base;
    const answer = await client.kv.txn(
      {
        compare: [{ key, target: 'Create', result: 'Equal', create_revision: 0 }],
        success: [
          { request_put: { key, value: Buffer.from(String(Math.floor(this.#now()) * 1000)) } },
          { request_range: { key } },
        ],
        failure: [{ request_range: { key } }],
      },
      { deadline: Date.now() + this.#options.timeoutMs },
    );
    const base = Number(answer.responses.at(-1)?.response_range.kvs[0]?.value.toString('utf8'));
    if (!Number.isSafeInteger(base))
      throw new Error(`${key.toString('utf8')} is not one of Lockscope's: remove it if nobody needs it`);
    return base;
  }

  #describe(error: unknown): string {
    const { timeoutMs, prefix } = this.#options;
    const message = error instanceof Error ? error.message : String(error);
    if (isTimeout(error)) return `there was no answer within ${timeoutMs} ms`;
    if (error instanceof EtcdPermissionDeniedError) return `this user may not use ${prefix}: ${message}`;
    if (error instanceof EtcdAuthenticationFailedError) return `etcd does not know this user: ${message}`;
    return message;
  }
}

/** Calls reject with errors of etcd3, streams with those of gRPC. */
function isTimeout(error: unknown): boolean {
  const deadlineExceeded = 4;
  return (
    error instanceof GRPCDeadlineExceededError || (error as { code?: unknown } | undefined)?.code === deadlineExceeded
  );
}

/**
 * How long a watch that broke waits before it tries again. etcd3 takes up to half a minute on its own: for so long a
 * waiter would hear of nothing, and a process that has closed everything would stay.
 */
const watchBackoff = { duration: 100, next: () => ({ duration: 500, next: () => watchBackoff.next() }) };

const ownDefaults: Omit<IOptions, 'hosts'> = {
  faultHandling: { host: () => callsThrough as never, global: callsThrough as never, watchBackoff },
  grpcOptions: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1000 },
};
