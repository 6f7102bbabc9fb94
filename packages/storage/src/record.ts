/** Who has a lock, or waits for one: what the record tells everybody who asks. */
export interface Holder {
  /** Who acquires. At most 128 characters. */
  readonly ownerId: string;
  readonly host?: string;
  readonly pid?: number;
  readonly service?: string;
  /** What it is doing, few-valued: a route, a job. */
  readonly operation?: string;
  /** W3C trace context of its `lock` span. Never tracestate or baggage. */
  readonly traceparent?: string;
}

/** One possession of a lock, as the storage keeps it. All times are epoch milliseconds by the storage's clock. */
export interface LockRecord {
  readonly key: string;
  /** Identifies this possession; chosen by who acquired. Renew and release need it. */
  readonly leaseId: string;
  readonly holder: Holder;
  /** Greater than that of every earlier possession of this key. A safe integer. */
  readonly fencingToken: number;
  readonly acquiredAt: number;
  /** The end of the lease. */
  readonly expiresAt: number;
  /** How many may share it, by the request of this one; absent when it has the lock alone. */
  readonly share?: number;
}

/** Somebody who waits for a lock, as the storage keeps it. */
export interface WaiterRecord {
  /** Of one who waits behind another waiter of its process, that one's. */
  readonly leaseId: string;
  readonly holder: Holder;
  /** When it began to wait; epoch milliseconds by the storage's clock. */
  readonly since: number;
  /** How many it would share the lock with; absent when it wants it alone. */
  readonly share?: number;
}

/** What a storage knows of one key. */
export interface LockState {
  /** The holder's record while its lease lasts; of several that share it, the first. */
  readonly record: LockRecord | undefined;
  /** The others who share it with `record`, first come first. */
  readonly sharers?: readonly LockRecord[];
  /**
   * Those who wait, first come first, each followed by those of its process who wait behind it; empty where the
   * storage cannot know them.
   */
  readonly waiters: readonly WaiterRecord[];
  /** The storage's clock when it looked, in epoch milliseconds. */
  readonly storageNow: number;
}
