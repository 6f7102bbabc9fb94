import type { StorageError } from './errors.ts';
import type { Holder, LockRecord, LockState } from './record.ts';
import type { Vote } from './vote.ts';

/** How a storage can be waited on, and what it promises beyond the basics. Facts, each checked by the contract suite. */
export interface StorageCapabilities {
  /** Who can share its locks. */
  readonly reach: 'process' | 'machine' | 'network';
  /** True when tokens keep rising after the storage was closed and opened again. */
  readonly durable: boolean;
  /** True when `watch` tells what becomes of a lease. */
  readonly notifies: boolean;
  /** True when waiters are on record: `read` lists them, and they are served first come, first served. */
  readonly queues: boolean;
  /** True when several can have one lock together: `share`. */
  readonly shares: boolean;
  /** True when it tells a waiter that asks for it who had the lock while it waited: `turns`. */
  readonly turns: boolean;
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
   * Takes the lock together with others that share it: at most so many at once, this one counted; at least 1, or
   * Infinity. Absent: alone. Each that shares goes by its own number. Understood where `capabilities.shares` is true;
   * other storages reject with a `StorageError`.
   */
  readonly share?: number;
  /**
   * Present when the caller means to wait if the lock is busy. A storage that queues puts it on record, keeps its
   * place on later attempts with the same `leaseId`, and forgets it `waitMs` after the last attempt: a sign of life.
   */
  readonly waitMs?: number;
  /**
   * Instead of `waitMs`, with the first question of one that is going to wait: should the lock be taken, it asks again at
   * once, as a waiter, or leaves. A storage may put it in line already, for so many milliseconds, so that nobody gets ahead
   * of it in between; then it is in line like one that asked with `waitMs` and is not told anything.
   */
  readonly placeMs?: number;
  /** How long it has been waiting before it came to be on record, in milliseconds: `since` counts from there. Default 0. */
  readonly waitedMs?: number;
  /**
   * A storage that hands a freed lock straight to a waiter gives it a lease of so many milliseconds (never more than
   * `leaseMs`), so that a waiter that died keeps others waiting no longer. Default: `leaseMs`.
   */
  readonly claimMs?: number;
  /** Others of the same process who wait behind this one: on record with it, for those who look. At most 100. */
  readonly behind?: readonly Companion[];
  /**
   * Keeps so many tokens free behind the one that is given, for possessions that follow under this lease in the same
   * process (see {@link LeaseUpdate}): the next that the storage gives is greater than all of them. Default 0.
   */
  readonly spareTokens?: number;
  /**
   * Asks the storage to tell in its answers and in its news who had the lock while this one waited:
   * {@link Granted.turns}. Given from the first attempt that has `waitMs` on; only those who are watched ask for it.
   */
  readonly turns?: boolean;
  /** The token has to be greater than this, too. What was given elsewhere, for storages made of storages. Default 0. */
  readonly tokenAbove?: number;
}

/** Somebody who waits behind a waiter of the same process, and is not in the storage's queue itself. */
export interface Companion {
  readonly holder: Holder;
  /** How long it has been waiting, in milliseconds. */
  readonly waitedMs: number;
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

/**
 * One possession that ended while somebody waited. All times are epoch milliseconds by the storage's clock. Of a lease
 * that was passed on from owner to owner in one process, it has who was on record last, and when the lease began.
 */
export interface PastTurn {
  readonly holder: Holder;
  readonly fencingToken: number;
  readonly acquiredAt: number;
  /** When it was released or taken away, or when its lease ran out. */
  readonly endedAt: number;
}

/** So many of those who had the lock while somebody waited are remembered; of more, the last. */
export const mostTurns = 16;

/** The lock was given. */
export interface Granted {
  readonly acquired: true;
  readonly record: LockRecord;
  readonly previous: Predecessor | undefined;
  /** How many still wait, where the storage queues and looked. */
  readonly waiting?: number | undefined;
  /**
   * Whose possessions ended since this one waits (the `since` that `read` shows), oldest first, at most
   * {@link mostTurns}: to who asked for it, where `capabilities.turns` is true and it stood in line. Of a
   * lock that is had alone, `previous` is the last of them. A storage remembers them from when one who asks came into
   * line until none who asks is left there. Each answer tells all of them again; the one that tells a lease once more
   * that it has the lock may leave them out.
   */
  readonly turns?: readonly PastTurn[];
  readonly storageNow: number;
  /** How each storage answered, where there are several behind this one. */
  readonly votes?: readonly Vote[];
}

/** Somebody else has the lock, or came first. */
export interface Refused {
  readonly acquired: false;
  /** Who has it; undefined when it is free but kept for a waiter that came first. Of several that share it, one. */
  readonly record: LockRecord | undefined;
  /** How many wait before this one, where the storage queues. */
  readonly ahead: number | undefined;
  /** As in {@link Granted.turns}. */
  readonly turns?: readonly PastTurn[];
  readonly storageNow: number;
  /** How each storage answered, where there are several behind this one. */
  readonly votes?: readonly Vote[];
}

/** The answer to one attempt. */
export type AcquireResult = Granted | Refused;

/** Who holds under a lease from now on, when its process passed it on from one of its owners to another. */
export interface LeaseUpdate {
  readonly holder: Holder;
  /** One of the tokens that were kept free for it, never less than the one on record. */
  readonly fencingToken: number;
}

/** One renewal, as `renewMany` takes them. */
export interface RenewRequest {
  readonly key: string;
  readonly leaseId: string;
  readonly leaseMs: number;
  readonly update?: LeaseUpdate;
}

/** The answer to a renewal: the new end of the lease, or who has the lock instead. */
export type RenewResult =
  | {
      readonly renewed: true;
      readonly expiresAt: number;
      readonly storageNow: number;
      /** How each storage answered, where there are several behind this one. */
      readonly votes?: readonly Vote[];
    }
  | {
      readonly renewed: false;
      readonly record: LockRecord | undefined;
      /** True when it was taken away by `forceRelease`; absent where the storage does not remember. */
      readonly forced?: boolean;
      readonly storageNow: number;
      /** How each storage answered, where there are several behind this one. */
      readonly votes?: readonly Vote[];
    };

/** The answer to a release. `released: false`: the lock was not this lease's any more, and nothing was changed. */
export interface ReleaseResult {
  readonly released: boolean;
  /** When refused, who has the lock instead (undefined: nobody), where the storage looked. */
  readonly record?: LockRecord | undefined;
  /** When refused, true if it was taken away by `forceRelease`; absent where the storage does not remember. */
  readonly forced?: boolean;
  /** How each storage answered, where there are several behind this one. */
  readonly votes?: readonly Vote[];
}

/** Which records `list` gives. */
export interface ListOptions {
  /** Only keys that start with this. */
  readonly prefix?: string;
}

/** What a storage tells of one lease. */
export type LeaseNews =
  /** The lock was handed to it: it is the holder since `result.record.acquiredAt`, without asking again. */
  | { readonly type: 'granted'; readonly result: Granted }
  /** It may be its turn: ask. Comes for nothing at times. */
  | { readonly type: 'ask' }
  /** The lock was taken away from it by `forceRelease`. */
  | { readonly type: 'forced' };

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
   * Gives the lock when nobody has it (or all who have it share it, as this one means to) and nobody who came first
   * waits for it, with a token greater than any before. The lease runs from the storage's decision.
   *
   * What a lease that ran out leaves behind is free: also its own former lease gets a new possession, a greater token.
   */
  acquire(request: AcquireRequest): Promise<AcquireResult>;
  /**
   * Makes the lease end `leaseMs` from now, if `leaseId` still has the lock and its lease is not over. A lease that is
   * over stays over, even when nobody took the lock. `update` changes who is on record as its holder.
   */
  renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult>;
  /**
   * Many renewals in few round trips; answers in the order of the requests, an error for each that got none. Optional:
   * for storages where it is cheaper than one after the other.
   */
  renewMany?(requests: readonly RenewRequest[]): Promise<readonly (RenewResult | StorageError)[]>;
  /**
   * Frees the lock if `leaseId` has it and its lease is not over. The token of the next possession is still greater. A
   * storage may hand the lock to the first waiter in the same step: see {@link LeaseNews}.
   */
  release(key: string, leaseId: string): Promise<ReleaseResult>;
  /**
   * For a waiter that gave up: takes it off the record, and frees the lock if it was handed to it meanwhile; nothing
   * happens when neither is so. Needed where `queues` is true.
   */
  leave?(key: string, leaseId: string): Promise<void>;
  /** Frees the lock whoever has it, from all who share it; gives the record that it removed, of several the first. */
  forceRelease(key: string): Promise<LockRecord | undefined>;
  read(key: string): Promise<LockState>;
  /** Every held lock, in the order of their keys, in pages behind the scenes. A lock that comes or goes meanwhile may be missed; a record that is damaged or not Lockscope's is left out. */
  list(options?: ListOptions): AsyncIterable<LockState & { readonly record: LockRecord }>;
  /**
   * Tells what becomes of a lease that waits for the lock or has it. Call it before the attempt that begins to wait:
   * such an attempt is not answered before the storage can hear what becomes of it. Never tells from inside another call;
   * news may be lost, so who waits asks now and then. `ask` comes whenever news may have been missed. Gives the way out.
   * However many leases are watched, a storage needs one subscription; it ends when nobody watches. Needed where
   * `notifies` is true; on a closed storage it does nothing.
   */
  watch?(key: string, leaseId: string, tell: (news: LeaseNews) => void): () => void;
  /**
   * Looks for what a person would miss: settings of the server and of the client that make locks unsafe or slow.
   * Optional; `doctor()` asks it.
   */
  examine?(): Promise<readonly Finding[]>;
  /** Ends timers and connections that the storage made itself. Further calls reject with `StorageClosedError`. */
  close(): Promise<void>;
}

/** Something that a person should know of a storage. */
export interface Finding {
  /** `problem`: locks can fail. `warning`: they can fail in a case that may not be yours. `ok`: looked at and fine. */
  readonly level: 'problem' | 'warning' | 'ok';
  /** What was looked at, few-valued: `eviction-policy`. */
  readonly check: string;
  /** What was found, with the value. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}
