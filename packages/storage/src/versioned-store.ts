import type { StorageCapabilities } from './lock-storage.ts';

/** One record of a versioned store. The text is the adapter's; a store keeps it as it is. */
export interface VersionedRecord {
  /** A safe integer of at least 1. */
  readonly version: number;
  readonly text: string;
}

/**
 * The least that a medium has to do to keep locks: conditional writes of small texts, and a clock. `liftVersioned`
 * makes a `LockStorage` of it, so a new medium takes some 50 to 100 lines.
 *
 * A write that finds another version than it expects is a conflict: it changes nothing and gives false, and is never
 * told by an error. A call that could not be answered rejects with whatever its client threw; then nobody knows whether
 * it took place. There is no delete, because a record keeps the token of its key.
 */
export interface VersionedStore {
  /** The kind, few-valued, in lower case: `files`, `consul`. Becomes the label `lock_system`. */
  readonly name: string;
  /** Facts: who can share its locks, and whether they outlive the process that keeps them. */
  readonly capabilities: Pick<StorageCapabilities, 'reach' | 'durable'>;
  /**
   * Writes the first record of a key. False when the key has one. Keys are any text of up to 512 UTF-16 code units, and
   * different texts are different keys.
   */
  createWithVersion(key: string, version: number, text: string): Promise<boolean>;
  /** Replaces the record if its version is `expectedVersion`, in one atomic step. False when it is not, or there is none. */
  updateWithVersion(key: string, expectedVersion: number, newVersion: number, text: string): Promise<boolean>;
  /** The record as the last write left it, never an older one. */
  get(key: string): Promise<VersionedRecord | undefined>;
  /** The clock that all who share the store go by, in epoch milliseconds. It should not jump when somebody sets a clock. */
  getTime(): Promise<number>;
  /** Records whose keys start with `prefix`, in any order. A record that is written meanwhile may be missed or come twice. */
  list(prefix: string): AsyncIterable<VersionedRecord & { readonly key: string }>;
  /** Ends what the store started itself. */
  close(): Promise<void>;
}
