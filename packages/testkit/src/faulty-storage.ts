import { randomUUID } from 'node:crypto';

import {
  StorageError,
  systemClock,
  type AcquireRequest,
  type AcquireResult,
  type Clock,
  type Finding,
  type Holder,
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

/** An operation of a storage that can be disturbed. */
export type StorageOperation =
  | 'acquire'
  | 'renew'
  | 'renewMany'
  | 'release'
  | 'leave'
  | 'forceRelease'
  | 'read'
  | 'list'
  | 'examine';

/** Options of {@link faultyStorage}. */
export interface FaultyStorageOptions {
  /** Measures what {@link FaultyStorage.delay} delays. Default: the clock of this process. */
  readonly clock?: Clock;
}

type Disturbance = { readonly kind: 'fail'; readonly error: unknown } | { readonly kind: 'lose' };

/**
 * A storage that can be disturbed from outside, for the tests of who uses one. Until a verb is called it does exactly
 * what the storage in it does. `close` is never disturbed.
 */
export class FaultyStorage implements LockStorage {
  readonly name: string;
  readonly capabilities: StorageCapabilities;
  readonly leave?: (key: string, leaseId: string) => Promise<void>;
  readonly watch?: (key: string, leaseId: string, tell: (news: LeaseNews) => void) => () => void;
  readonly renewMany?: (requests: readonly RenewRequest[]) => Promise<readonly (RenewResult | StorageError)[]>;
  readonly examine?: () => Promise<readonly Finding[]>;
  readonly #storage: LockStorage;
  readonly #clock: Clock;
  readonly #calls = new Map<StorageOperation, number>();
  readonly #disturbances = new Map<StorageOperation, Disturbance[]>();
  #delayMs = 0;
  #inFlight = 0;
  #newsToLose = 0;
  #thawed: Promise<void> | undefined;
  #thaw: (() => void) | undefined;

  constructor(storage: LockStorage, { clock = systemClock }: FaultyStorageOptions = {}) {
    this.name = storage.name;
    this.capabilities = storage.capabilities;
    this.#storage = storage;
    this.#clock = clock;
    if (storage.leave !== undefined) {
      this.leave = (key, leaseId) => this.#call('leave', async () => storage.leave?.(key, leaseId));
    }
    if (storage.watch !== undefined) this.watch = (key, leaseId, tell) => this.#watch(key, leaseId, tell);
    if (storage.renewMany !== undefined) {
      this.renewMany = (requests) => this.#call('renewMany', async () => (await storage.renewMany?.(requests)) ?? []);
    }
    if (storage.examine !== undefined) {
      this.examine = () => this.#call('examine', async () => (await storage.examine?.()) ?? []);
    }
  }

  /** From now on calls hang, before they reach the storage, and news are kept, until {@link FaultyStorage.thaw}. */
  freeze(): void {
    this.#thawed ??= new Promise((resolve) => (this.#thaw = resolve));
  }

  /** Lets go what {@link FaultyStorage.freeze} kept, in the order in which it came. */
  thaw(): void {
    this.#thaw?.();
    this.#thawed = undefined;
    this.#thaw = undefined;
  }

  /** From now on every call waits that long before it reaches the storage; 0 ends it. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** The next such call rejects with `error` (default: a `StorageError`) and is not done. Calls add up. */
  failNext(operation: StorageOperation, error?: unknown): void {
    const problem = error ?? new StorageError(this.name, operation, 'the connection was refused (a fault of the test)');
    this.#disturb(operation, { kind: 'fail', error: problem });
  }

  /** The next such call is done, and then rejects with a `StorageError` as if the reply had been lost. */
  loseReply(operation: StorageOperation): void {
    this.#disturb(operation, { kind: 'lose' });
  }

  /**
   * The next so many news are lost, to whomever they would have been told, as when a notification does not arrive;
   * Infinity: all, until it is called with 0. Default 1.
   */
  loseNews(count: number = 1): void {
    this.#newsToLose = count;
  }

  /**
   * Somebody else has the lock from now on, as after a lease that ran out unseen. Gives its record. Past the faults.
   *
   * @throws {Error} when the storage keeps the lock for a waiter instead.
   */
  async steal(
    key: string,
    { leaseMs = 60_000, holder = { ownerId: 'thief' } }: StealOptions = {},
  ): Promise<LockRecord> {
    await this.forget(key);
    const result = await this.#storage.acquire({ key, leaseId: randomUUID(), leaseMs, holder });
    if (!result.acquired) throw new Error(`${key} cannot be stolen: it is kept for a waiter, or somebody was faster`);
    return result.record;
  }

  /** Deletes the record under its holder, as when somebody tidied up by hand. Past the faults. */
  async forget(key: string): Promise<void> {
    const { record, sharers = [] } = await this.#storage.read(key);
    for (const { leaseId } of record === undefined ? [] : [record, ...sharers])
      await this.#storage.release(key, leaseId);
  }

  /** How many calls there were, of one kind or of all; calls that failed or hang count. */
  calls(operation?: StorageOperation): number {
    if (operation !== undefined) return this.#calls.get(operation) ?? 0;
    return [...this.#calls.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Calls that have not settled yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  acquire(request: AcquireRequest): Promise<AcquireResult> {
    return this.#call('acquire', () => this.#storage.acquire(request));
  }

  renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    return this.#call('renew', () => this.#storage.renew(key, leaseId, leaseMs, update));
  }

  release(key: string, leaseId: string): Promise<ReleaseResult> {
    return this.#call('release', () => this.#storage.release(key, leaseId));
  }

  forceRelease(key: string): Promise<LockRecord | undefined> {
    return this.#call('forceRelease', () => this.#storage.forceRelease(key));
  }

  read(key: string): Promise<LockState> {
    return this.#call('read', () => this.#storage.read(key));
  }

  async *list(options?: ListOptions): AsyncGenerator<LockState & { readonly record: LockRecord }> {
    yield* await this.#call('list', () => Promise.resolve(this.#storage.list(options)));
  }

  close(): Promise<void> {
    return this.#storage.close();
  }

  #disturb(operation: StorageOperation, disturbance: Disturbance): void {
    const queue = this.#disturbances.get(operation) ?? [];
    queue.push(disturbance);
    this.#disturbances.set(operation, queue);
  }

  #watch(key: string, leaseId: string, tell: (news: LeaseNews) => void): () => void {
    let watching = true;
    const stop = this.#storage.watch?.(key, leaseId, (news) => {
      if (this.#newsToLose > 0) {
        this.#newsToLose -= 1;
        return;
      }
      if (this.#thawed === undefined) tell(news);
      else void this.#thawed.then(() => watching && tell(news));
    });
    return () => {
      watching = false;
      stop?.();
    };
  }

  async #call<T>(operation: StorageOperation, run: () => Promise<T>): Promise<T> {
    this.#calls.set(operation, this.calls(operation) + 1);
    const disturbance = this.#disturbances.get(operation)?.shift();
    this.#inFlight += 1;
    try {
      if (this.#delayMs > 0) await this.#sleep(this.#delayMs);
      await this.#whileFrozen();
      if (disturbance?.kind === 'fail') throw disturbance.error;
      const result = await run();
      await this.#whileFrozen();
      if (disturbance === undefined) return result;
    } finally {
      this.#inFlight -= 1;
    }
    throw new StorageError(this.name, operation, 'it was done, but the reply was lost (a fault of the test)');
  }

  async #whileFrozen(): Promise<void> {
    while (this.#thawed !== undefined) await this.#thawed;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimeout(resolve, ms));
  }
}

/** Options of {@link FaultyStorage.steal}. */
export interface StealOptions {
  /** Default 60,000. */
  readonly leaseMs?: number;
  /** Default: an owner called `thief`. */
  readonly holder?: Holder;
}

/** Wraps a storage so that a test can freeze it, delay it, make it fail, lose its replies, or steal its locks. */
export function faultyStorage(storage: LockStorage, options?: FaultyStorageOptions): FaultyStorage {
  return new FaultyStorage(storage, options);
}
