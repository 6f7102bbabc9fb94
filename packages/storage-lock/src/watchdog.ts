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
