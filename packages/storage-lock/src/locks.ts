import { ListenerSet, type Blocker, type EventInit, type ListenerInput, type Removal } from '@lockscope/core';
import type { ListOptions, LockRecord, Timer } from '@lockscope/storage';
import { Acquisition } from './acquisition.ts';
import { blockerOf } from './blocker.ts';
import { CallSite } from './call-site.ts';
import { LockAbortedError, LocksClosedError, LockStorageError } from './errors.ts';
import { InvalidOptionsError } from '@lockscope/core';
import { Flow } from './flow.ts';
import { HeldLock } from './held-lock.ts';
import { KeyPattern } from './key-pattern.ts';
import { leadAgain, type LeadOptions } from './lead.ts';
import { LockDefinition, problemsOf, type DefinitionOptions } from './lock-definition.ts';
import { describeLock, type LockInfo } from './lock-info.ts';
import { LockRegistry } from './lock-registry.ts';
import { resolveAcquire, type AcquireOptions, type ResolvedAcquire } from './acquire-options.ts';
import { resolveLocksOptions, type LocksOptions } from './locks-options.ts';
import { show } from './option-checks.ts';
import type { Possession } from './possession.ts';
import { runHolding } from './run-holding.ts';
import { callStorage } from './storage-call.ts';
import { StorageLock } from './storage-lock.ts';

/**
 * Makes locks over a storage. The one entry point: everything else hangs on what it returns.
 *
 * @throws {InvalidOptionsError} naming every option that cannot work, its value and its bound.
 */
export function createLocks(options: LocksOptions): Locks {
  return new Locks(options);
}

/** The locks of one process over one storage. */
export class Locks implements AsyncDisposable {
  /** Who is told of events. `add` returns the way out. */
  readonly listeners: ListenerSet;
  readonly #registry: LockRegistry;
  readonly #flow: Flow | undefined;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(options: LocksOptions) {
    const resolved = resolveLocksOptions(options);
    const { listeners = [], onListenerError } = options;
    this.listeners = new ListenerSet({ listeners, clock: resolved.clock, ...(onListenerError && { onListenerError }) });
    this.#registry = new LockRegistry(resolved, this.listeners);
    this.#flow = resolved.reentrancy === 'flow' ? new Flow() : undefined;
  }

  /** Adds a listener; returns the way out. */
  listen(listener: ListenerInput): Removal {
    return this.listeners.add(listener);
  }

  /**
   * Gets the lock, waiting for it if somebody else has it. First come, first served within this process.
   *
   * @throws {LockTimeoutError} when it was busy for `waitMs`; names the holder.
   * @throws {LockAbortedError} when `signal` fired; no lock is left behind.
   * @throws {LockStorageError} when the storage failed.
   * @throws {InvalidOptionsError} for a key or an option that cannot work.
   */
  acquire(key: string, options?: AcquireOptions): Promise<HeldLock> {
    return this.#acquire(key, options, false) as Promise<HeldLock>;
  }

  /** Gets the lock if nobody has it; undefined when somebody does. One question to the storage, no waiting. */
  tryAcquire(key: string, options?: Omit<AcquireOptions, 'waitMs'>): Promise<HeldLock | undefined> {
    return this.#acquire(key, options, true);
  }

  /**
   * Runs `routine` while the lock is held, and releases it on every way out. The routine is given the held lock; pass
   * its `signal` on to what can be cancelled.
   *
   * @throws {LockLostError} when the lock was lost meanwhile; `cause` is what the routine threw, if it did.
   * @throws {LockReleaseError} when it could not be given back; `suppressed` is what the routine threw, if it did.
   */
  async run<R>(key: string, routine: (lock: HeldLock) => R | Promise<R>, options?: AcquireOptions): Promise<R> {
    if (typeof routine !== 'function')
      throw new InvalidOptionsError([`run() needs a function to run, got ${typeof routine}`]);
    const lock = await this.acquire(key, options);
    const flow = this.#flow;
    return runHolding(lock, flow === undefined ? routine : (held) => flow.run(held.ownerId, () => routine(held)));
  }

  /**
   * Makes this process a candidate for a role that one process has at a time, and runs `term` while it has it. A term
   * that ends because the lock was lost or the storage failed is followed by the next: it stands again, and waits for as
   * long as it takes. Gives what `term` returns when it ends by itself while it leads. Let it end when `lock.signal`
   * aborts: nobody else can stop it.
   *
   * @throws {LockAbortedError} when `signal` fired while it was no leader, or its term ended after it fired.
   * @throws {LocksClosedError} when these locks were closed.
   * Whatever else `term` throws ends it, too.
   */
  lead<R>(key: string, term: (lock: HeldLock) => R | Promise<R>, options: LeadOptions = {}): Promise<R> {
    const { retryMs = 1000, ...acquire } = options;
    if (!(Number.isFinite(retryMs) && retryMs >= 1))
      return Promise.reject(new InvalidOptionsError([`retryMs must be a number of at least 1, got ${show(retryMs)}`]));
    const { clock } = this.#registry;
    const once = (): Promise<R> => this.run(key, term, { ...acquire, waitMs: 'forever' });
    return leadAgain(key, once, { clock, retryMs, signal: acquire.signal });
  }

  /**
   * Starts a flow: with `reentrancy: 'flow'`, all that runs inside it, however asynchronous, is one owner.
   *
   * @throws {InvalidOptionsError} when re-entrancy is not by flow.
   */
  flow<R>(fn: () => R): R {
    if (this.#flow === undefined) throw new InvalidOptionsError(["flow() needs the option reentrancy: 'flow'"]);
    return this.#flow.run(this.#registry.ids.next(), fn);
  }

  /** The lock of one key, as an object to hand around. */
  lock(key: string, options?: AcquireOptions): StorageLock {
    const resolved = resolveAcquire(key, options, this.#registry.options);
    this.#tellCreated(this.#registry.nameOf(key), key, resolved, 'key');
    return new StorageLock(this, key, this.#registry.nameOf(key), options);
  }

  /**
   * Declares a class of locks, such as `orders/{id}`, with options of its own. Its name is what metrics carry.
   *
   * @throws {InvalidOptionsError} for a pattern or an option that cannot work.
   */
  define<const Pattern extends string>(pattern: Pattern, options: DefinitionOptions = {}): LockDefinition<Pattern> {
    const { expectedHoldMs, ...own } = options ?? {};
    const problems = problemsOf(pattern, expectedHoldMs);
    const resolved = resolveAcquire(pattern, own, this.#registry.options, problems);
    const definition = new LockDefinition(this, pattern, own, expectedHoldMs);
    this.#registry.declare(new KeyPattern(pattern));
    this.#tellCreated(pattern, pattern, resolved, 'class', expectedHoldMs);
    return definition;
  }

  /** Who has a lock, since when, doing what, and who waits for it. @throws {LockStorageError} */
  async inspect(key: string): Promise<LockInfo> {
    resolveAcquire(key, undefined, this.#registry.options);
    const event = this.listeners.begin('lock.inspect', this.#about(key));
    const call = event?.child('storage.read');
    try {
      const state = await callStorage(() => this.#registry.storage.read(key));
      call?.end('ok');
      event?.end('ok', { details: { found: state.record !== undefined } });
      return describeLock(this.#registry, key, state);
    } catch (cause) {
      const error = new LockStorageError(key, 'inspect', cause);
      call?.end('error', { error: cause });
      event?.end('error', { error });
      throw error;
    }
  }

  /**
   * Every held lock with its waiters, in the order of the keys; read in pages while you iterate.
   *
   * @throws {LockStorageError} whose `key` is the prefix.
   */
  async *list(options?: ListOptions): AsyncGenerator<LockInfo & { readonly holder: NonNullable<LockInfo['holder']> }> {
    try {
      for await (const state of this.#registry.storage.list(options)) {
        const { holder, ...info } = describeLock(this.#registry, state.record.key, state);
        if (holder !== undefined) yield { ...info, holder };
      }
    } catch (cause) {
      throw new LockStorageError(options?.prefix ?? '', 'list', cause);
    }
  }

  /**
   * Takes a lock away from whoever has it. Its holder finds out at its next renewal at the latest, at once when it is
   * in this process; what it still writes can be refused by its fencing token. Gives who had it.
   *
   * @throws {LockStorageError} when the storage failed.
   */
  async forceRelease(key: string, options: { readonly reason: string }): Promise<Blocker | undefined> {
    const reason: unknown = options?.reason;
    if (typeof reason !== 'string' || reason === '')
      throw new InvalidOptionsError([`reason must say why the lock is taken away, got ${show(reason)}`]);
    resolveAcquire(key, undefined, this.#registry.options);
    const event = this.listeners.begin('lock.force_release', this.#about(key));
    const call = event?.child('storage.force_release');
    try {
      const record = await callStorage(() => this.#registry.storage.forceRelease(key));
      this.#loseHere(key, record);
      call?.end('ok', { details: { refused: record === undefined } });
      const victim = record && blockerOf(record, this.#registry.clock.now() - record.acquiredAt);
      event?.end(record === undefined ? 'not_held' : 'forced', { details: { reason, ...(victim && { victim }) } });
      return victim;
    } catch (cause) {
      const error = new LockStorageError(key, 'force release', cause);
      call?.end('error', { error: cause });
      event?.end('error', { error, details: { reason } });
      throw error;
    }
  }

  /** Those of this process need not wait until the storage tells them. */
  #loseHere(key: string, record: LockRecord | undefined): void {
    const { holder, sharers } = this.#registry.places.get(key) ?? {};
    if (record === undefined) return;
    if (holder?.record.leaseId === record.leaseId) holder.lose('forced');
    if (record.share !== undefined) for (const sharer of sharers ?? []) sharer.lose('forced');
  }

  /**
   * Ends these locks: acquires that wait reject with `LocksClosedError`, held locks are given back after their holders
   * were told through `signal`, timers stop, so the process can exit. Resolves when nothing is under way in the storage
   * any more, or its lease is over; then close the storage yourself. Closing again gives the same promise.
   */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#registry.closed = true;
    for (const beside of this.#registry.besides) beside.close();
    const places = [...this.#registry.places.values()];
    for (const { asking, waiting } of places)
      for (const acquisition of [...(waiting ?? []), asking]) acquisition?.close();
    const held = places.flatMap(({ holder, sharers }) => [
      ...(holder === undefined ? [] : [holder]),
      ...(sharers ?? []),
    ]);
    await Promise.allSettled(held.map((possession) => possession.close()));
    await this.#drained();
    this.#registry.due.stop();
  }

  /** What a storage that gives no answer may have granted is over when its lease is. */
  async #drained(): Promise<void> {
    const { clock, leftovers, options } = this.#registry;
    let timer: Timer | undefined;
    const over = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, options.leaseMs);
      timer.unref();
    });
    await Promise.race([leftovers.drained(), over]);
    if (timer !== undefined) clock.clearTimeout(timer);
  }

  #acquire(key: string, options: AcquireOptions | undefined, once: boolean): Promise<HeldLock | undefined> {
    let resolved: ResolvedAcquire;
    try {
      resolved = resolveAcquire(key, options, this.#registry.options);
    } catch (error) {
      return Promise.reject(error);
    }
    const signal = options?.signal;
    if (this.#closed !== undefined) return Promise.reject(new LocksClosedError(key));
    if (signal?.aborted === true) return Promise.reject(new LockAbortedError(key, signal.reason));
    const owner = options?.owner ?? this.#flow?.ownerId;
    const holder = owner === undefined ? undefined : this.#registry.heldHere(key);
    const own = holder !== undefined && holder.ownerId === owner ? holder : this.#sharedBefore(key, owner, resolved);
    if (own !== undefined) {
      own.reenter();
      return Promise.resolve(new HeldLock(own));
    }
    const site = this.#registry.options.callSites && this.listeners.wants('lock.acquire') ? new CallSite() : undefined;
    return new Acquisition(this.#registry, { key, options: resolved, owner, signal, once, site }).start();
  }

  #sharedBefore(key: string, owner: string | undefined, { share }: ResolvedAcquire): Possession | undefined {
    return owner === undefined || share === undefined ? undefined : this.#registry.sharedBy(key, owner);
  }

  #about(key: string): EventInit {
    return { lockName: this.#registry.nameOf(key), lockKey: key, storageName: this.#registry.storage.name };
  }

  #tellCreated(
    lockName: string,
    lockKey: string,
    { leaseMs, renewEveryMs }: ResolvedAcquire,
    scope: 'class' | 'key',
    expectedHoldMs?: number,
  ): void {
    const { storage, options } = this.#registry;
    const event = this.listeners.begin('lock.create', { lockName, lockKey, storageName: storage.name });
    const { reentrancy } = options;
    event?.end('ok', {
      details: { leaseMs, renewEveryMs, reentrancy, scope, ...(expectedHoldMs !== undefined && { expectedHoldMs }) },
    });
  }
}
