import { LockReleasedError } from './errors.ts';
import type { FenceRejection } from './fence.ts';
import type { Possession } from './possession.ts';

/** @internal The possession behind a handle. */
export let possessionOf: (lock: HeldLock) => Possession;

/** How a handle's lock stands. `suspect`: a renewal failed, the lease is not over yet, so it is still held. */
export type HeldLockState = 'held' | 'suspect' | 'lost' | 'released';

/**
 * A lock that was acquired. Release it, or let `await using` do it.
 *
 * The lock can be lost while it is held: somebody takes it away, or its lease ends because this process or the storage
 * was stuck. `signal` aborts then, no later than the lease's end as far as the event loop lets it; `assertHeld()` is
 * right even on the first line after a blocked event loop. Neither can protect a write that is already under way:
 * send `fencingToken` with it and let the receiver refuse older ones.
 */
export class HeldLock implements AsyncDisposable {
  readonly key: string;
  readonly ownerId: string;
  /** Greater than that of every earlier holder of this key; the same for a re-entry. */
  readonly fencingToken: number;
  readonly #possession: Possession;

  static {
    possessionOf = (lock) => lock.#possession;
  }

  #released: Promise<boolean> | undefined;

  /** @internal */
  constructor(possession: Possession) {
    this.#possession = possession;
    const { key, holder, fencingToken } = possession.record;
    this.key = key;
    this.ownerId = holder.ownerId;
    this.fencingToken = fencingToken;
  }

  /** The lock's class, such as `orders/{id}`. */
  get name(): string {
    return this.#possession.name;
  }

  get state(): HeldLockState {
    this.#possession.alive();
    const { state } = this.#possession;
    if (state === 'lost') return 'lost';
    return this.#released === undefined && (state === 'held' || state === 'suspect') ? state : 'released';
  }

  /** When the storage granted it: epoch milliseconds by the storage's clock. */
  get acquiredAt(): number {
    return this.#possession.record.acquiredAt;
  }

  /**
   * Aborts when the lock is lost, with the `LockLostError` as its reason, and when `close()` of the locks gives it back
   * over the holder's head, with a `LocksClosedError`. Never by a release.
   */
  get signal(): AbortSignal {
    return this.#possession.signal;
  }

  /** Milliseconds for which the lock is certainly held; 0 once it is lost or released. */
  remainingMs(): number {
    return this.#released === undefined ? this.#possession.remainingMs() : 0;
  }

  /**
   * @throws {LockLostError} when the lock is not held any more.
   * @throws {LocksClosedError} when `close()` of the locks gave it back.
   * @throws {LockReleasedError} when this handle was released.
   */
  assertHeld(): void {
    if (this.#released !== undefined) throw new LockReleasedError(this.key);
    if (this.#possession.alive()) return;
    throw this.#possession.loss ?? this.#possession.closed ?? new LockReleasedError(this.key);
  }

  /**
   * For who was told by what the lock protects that its fencing token is too old: listeners hear `fence.rejected`, which
   * means that this holder went on after somebody else had the lock. Works at any time, also after the loss or the
   * release. It changes nothing about the lock.
   *
   * @throws {InvalidOptionsError} for what cannot be told.
   */
  fenceRejected(rejection: FenceRejection = {}): void {
    this.#possession.fenceRejected(rejection);
  }

  /**
   * Gives the lock back. True when it was held until now, false when it had been lost before, and then there was
   * nothing to give back. Releasing again does nothing and gives the same answer. Of several acquires of one owner,
   * the last release frees the lock.
   *
   * @throws {LockReleaseError} when the storage failed three times or until the lease was over.
   */
  release(): Promise<boolean> {
    return (this.#released ??= this.#possession.release());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release().then(() => undefined);
  }
}
