import { describe } from './errors.ts';

/** What a watchdog sees of the lease that it looks after. */
export interface WatchedLease {
  readonly key: string;
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  /** Milliseconds until the holder has to stop, by its own monotonic clock. */
  remainingMs(): number;
  /**
   * Asks the storage for a full lease from now. `failed`: no answer or an error, the lease is not over yet. `lost`: it
   * is no use any more. Never rejects.
   */
  renew(): Promise<'renewed' | 'failed' | 'lost'>;
}

/** What renews a lease, once it was made. */
export interface Watchdog {
  /** Called once, when the lock is released or lost. After it `renew` does nothing. */
  stop(): void;
}

/**
 * Makes the watchdog of one possession, right after the lock was granted. The end of the lease is watched by the lock
 * itself, whatever the watchdog does. When the factory throws, the lock is given back and the acquire rejects.
 */
export type WatchdogFactory = (lease: WatchedLease) => Watchdog;

/** @internal Throws when there is no watchdog that could do its work. */
export function makeWatchdog(factory: WatchdogFactory, lease: WatchedLease & { alive(): boolean }): Watchdog {
  const watchdog: Partial<Watchdog> | undefined = factory(lease);
  if (typeof watchdog?.stop !== 'function') throw new TypeError('a watchdog needs a stop() method');
  if (!lease.alive()) throw new Error('the lease was over before its watchdog was made');
  return watchdog as Watchdog;
}

/** @internal Neither a release nor the news of a loss may fail because of it. */
export function stopWatchdog(watchdog: Watchdog | undefined, key: string): void {
  try {
    watchdog?.stop();
  } catch (error) {
    process.emitWarning(`Lockscope: the watchdog of ${JSON.stringify(key)} threw when stopped: ${describe(error)}`);
  }
}
