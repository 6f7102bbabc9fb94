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
}

/** Somebody who waits for a lock, as the storage keeps it. */
export interface WaiterRecord {
  readonly leaseId: string;
  readonly holder: Holder;
  /** When it began to wait; epoch milliseconds by the storage's clock. */
  readonly since: number;
}

/** What a storage knows of one key. */
export interface LockState {
  /** The holder's record while its lease lasts. */
  readonly record: LockRecord | undefined;
  /** Those who wait, first come first; empty where the storage cannot know them. */
  readonly waiters: readonly WaiterRecord[];
  /** The storage's clock when it looked, in epoch milliseconds. */
  readonly storageNow: number;
}
