import type { Holder, LockRecord, LockState } from './record.ts';

/** How a storage can be waited on, and what it promises beyond the basics. Facts, each checked by the contract suite. */
export interface StorageCapabilities {
  /** Who can share its locks. */
  readonly reach: 'process' | 'machine' | 'network';
  /** True when tokens keep rising after the storage was closed and opened again. */
  readonly durable: boolean;
  /** True when `watch` tells of a freed lock. */
  readonly notifies: boolean;
  /** True when waiters are on record: `read` lists them, and they are served first come, first served. */
  readonly queues: boolean;
}

/** One attempt to get a lock. */
export interface AcquireRequest {
  readonly key: string;
  /**
   * Names the possession that this attempt is for. Unique in the world, and the same for all attempts of one acquire:
   * a storage that already gave the lock to this id says so again, with a fresh lease and the same token, so a
   * reply that got lost costs nothing.
   */
  readonly leaseId: string;
  readonly leaseMs: number;
  readonly holder: Holder;
  /**
   * Present when the caller means to wait if the lock is busy. A storage that queues puts it on record, keeps its
   * place on later attempts with the same `leaseId`, and forgets it `waitMs` after the last attempt. A sign of life of a few seconds: a waiter
   * that was killed stands in the way of those behind it for that long.
   */
  readonly waitMs?: number;
}

/** What ended before this possession began, where the storage still knows. */
export interface Predecessor {
  readonly holder: Holder;
  readonly fencingToken: number;
  /** When it was released; absent when its lease ran out. Epoch milliseconds by the storage's clock. */
  readonly releasedAt?: number;
  /** When its lease ran out; absent when it was released. */
  readonly expiredAt?: number;
}

/** The answer to one attempt. */
export type AcquireResult =
  | {
      readonly acquired: true;
      readonly record: LockRecord;
      readonly previous: Predecessor | undefined;
      readonly storageNow: number;
    }
  | {
      readonly acquired: false;
      /** Who has it; undefined when it is free but kept for a waiter that came first. */
      readonly record: LockRecord | undefined;
      /** How many wait before this one, where the storage queues. */
      readonly ahead: number | undefined;
      readonly storageNow: number;
    };

/** The answer to a renewal: the new end of the lease, or who has the lock instead. */
export type RenewResult =
  | { readonly renewed: true; readonly expiresAt: number; readonly storageNow: number }
  | { readonly renewed: false; readonly record: LockRecord | undefined; readonly storageNow: number };

/** The answer to a release. `released: false`: the lock was not this lease's any more, and nothing was changed. */
export interface ReleaseResult {
  readonly released: boolean;
  /** When refused, who has the lock instead (undefined: nobody), where the storage looked. */
  readonly record?: LockRecord | undefined;
}

/** Which records `list` gives. */
export interface ListOptions {
  /** Only keys that start with this. */
  readonly prefix?: string;
}

/**
 * What a storage signs. Every operation is atomic, is one round trip, and decides by the storage's own clock. An
 * operation rejects with a `StorageError` when the storage could not answer, and then the outcome is unknown; a
 * refusal is a result, never an error. `testkit` has the suite that proves it.
 */
export interface LockStorage {
  /** The kind, few-valued: `memory`, `sqlite`. Becomes the label `lock_system`. */
  readonly name: string;
  readonly capabilities: StorageCapabilities;
  /**
   * Gives the lock when nobody has it and nobody who came first waits for it, with a token greater than any before.
   * The lease runs from the storage's decision.
   */
  acquire(request: AcquireRequest): Promise<AcquireResult>;
  /** Makes the lease end `leaseMs` from now, if `leaseId` still has the lock and its lease is not over. A lease that is over stays over, even when nobody took the lock. */
  renew(key: string, leaseId: string, leaseMs: number): Promise<RenewResult>;
  /** Frees the lock if `leaseId` has it and its lease is not over. The token of the next possession is still greater. */
  release(key: string, leaseId: string): Promise<ReleaseResult>;
  /** Takes a waiter off the record; nothing happens when it is not there. Needed where `queues` is true. */
  leave?(key: string, leaseId: string): Promise<void>;
  /** Frees the lock whoever has it; gives the record that it removed. */
  forceRelease(key: string): Promise<LockRecord | undefined>;
  read(key: string): Promise<LockState>;
  /** Every held lock, in the order of their keys, in pages behind the scenes. A lock that comes or goes meanwhile may be missed; a record that is damaged or not Lockscope's is left out. */
  list(options?: ListOptions): AsyncIterable<LockState & { readonly record: LockRecord }>;
  /**
   * Calls `wake` when the lock may have become free, never from inside another call; calls may be lost or come for
   * nothing. Gives the way out. Needed where `notifies` is true.
   */
  watch?(key: string, wake: () => void): () => void;
  /** Ends timers and connections that the storage made itself. Further calls reject with `StorageClosedError`. */
  close(): Promise<void>;
}
