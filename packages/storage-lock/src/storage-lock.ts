import type { Blocker } from '@lockscope/core';
import type { HeldLock } from './held-lock.ts';
import type { LockInfo } from './lock-info.ts';
import type { Locks } from './locks.ts';
import type { AcquireOptions } from './acquire-options.ts';

/** The lock of one key: a description to hand around. All that lives is in the handle that an acquire gives. */
export class StorageLock {
  readonly key: string;
  /** The lock's class, such as `orders/{id}`. */
  readonly name: string;
  readonly #locks: Locks;
  readonly #options: AcquireOptions | undefined;

  /** @internal */
  constructor(locks: Locks, key: string, name: string, options: AcquireOptions | undefined) {
    this.#locks = locks;
    this.key = key;
    this.name = name;
    this.#options = options;
  }

  /** As {@link Locks.acquire}; options given here go before those of the lock. */
  acquire(options?: AcquireOptions): Promise<HeldLock> {
    return this.#locks.acquire(this.key, this.#over(options));
  }

  /** As {@link Locks.tryAcquire}. */
  tryAcquire(options?: Omit<AcquireOptions, 'waitMs'>): Promise<HeldLock | undefined> {
    return this.#locks.tryAcquire(this.key, this.#over(options));
  }

  /** As {@link Locks.run}. */
  run<R>(routine: (lock: HeldLock) => R | Promise<R>, options?: AcquireOptions): Promise<R> {
    return this.#locks.run(this.key, routine, this.#over(options));
  }

  /** As {@link Locks.inspect}. */
  inspect(): Promise<LockInfo> {
    return this.#locks.inspect(this.key);
  }

  /** As {@link Locks.forceRelease}. */
  forceRelease(options: { readonly reason: string }): Promise<Blocker | undefined> {
    return this.#locks.forceRelease(this.key, options);
  }

  #over(options: AcquireOptions | undefined): AcquireOptions | undefined {
    return this.#options === undefined ? options : { ...this.#options, ...options };
  }
}
