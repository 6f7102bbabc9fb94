import type { LeaseNews } from '@lockscope/storage';
import type { LockRegistry } from './lock-registry.ts';
import { PollDelay } from './poll-delay.ts';

/** How long a waiter sleeps at most where the storage wakes it, when it is the next one. */
const nextSleepMs = 1000;
/** How much longer for each one that comes before it: what one lost notification costs. */
const sleepPerAheadMs = 50;
const longestSleepMs = 5000;
/** A waiter stays on record for so many of its longest sleeps after it was last heard of. */
const sleepsOnRecord = 4;
/** How long a lock that was handed over is kept for a waiter that does not stir. */
const claimMs = 2000;
/** How long a place is kept for one that found the lock taken, until it asks as a waiter: about a round trip. */
export const placeMs = 2000;

/** @internal How one waiter stands in line at the storage: on record and subscribed, as far as the storage can. */
export class Line {
  readonly onRecord: boolean;
  readonly #registry: LockRegistry;
  readonly #key: string;
  readonly #delay: PollDelay;
  #waitMs = 0;
  #unwatch: (() => void) | undefined = undefined;

  constructor(registry: LockRegistry, key: string) {
    this.#registry = registry;
    this.#key = key;
    this.#delay = new PollDelay(registry.options.poll);
    this.onRecord = registry.storage.capabilities.queues;
  }

  /** A subscription that fails costs a sleep of a few seconds at most, so it is no reason to fail. */
  watch(leaseId: string, hears: (news: LeaseNews) => void): void {
    this.stop();
    const { storage } = this.#registry;
    if (!storage.capabilities.notifies) return;
    try {
      this.#unwatch = storage.watch?.(this.#key, leaseId, hears);
    } catch {
      this.#unwatch = undefined;
    }
  }

  /** What an attempt says of it: for how long it is to stay on record, and how long the lock may be kept for it. */
  attempt(ahead: number | undefined): { readonly waitMs: number; readonly claimMs: number } {
    this.#waitMs = sleepsOnRecord * this.#longest(ahead);
    return { waitMs: this.#waitMs, claimMs };
  }

  /** How long to sleep before it asks again when nobody wakes it; never so long that it falls off the record. */
  sleepMs(ahead: number | undefined): number {
    if (!this.#registry.storage.capabilities.notifies) return this.#delay.next(this.onRecord ? ahead : undefined);
    return this.onRecord ? Math.min(this.#longest(ahead), this.#waitMs / 2) : this.#longest(ahead);
  }

  stop(): void {
    const unwatch = this.#unwatch;
    this.#unwatch = undefined;
    try {
      unwatch?.();
    } catch {
      // It is over all the same; news that still come find nobody.
    }
  }

  #longest(ahead = 0): number {
    const { storage, options } = this.#registry;
    if (!storage.capabilities.notifies) return Math.max(500, options.poll.maxMs);
    return Math.min(longestSleepMs, nextSleepMs + sleepPerAheadMs * ahead);
  }
}
