import type { Action } from './action.ts';
import type { EventDetails, EventOutcomes, EventType } from './catalogue/event-types.ts';
import type { LockMode } from './catalogue/values.ts';

/**
 * What is told of a thrown value: never `{}`. Plain data, so it survives JSON, another process and another copy of
 * this package. `cause` and `errors` follow the original's chain, at most {@link maxErrorDepth} deep.
 */
export interface EventError {
  readonly name: string;
  readonly message: string;
  /** The error's own literal code, such as `LOCK_BUSY` or `ECONNREFUSED`, when it has one. */
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: EventError;
  /** The members of an `AggregateError`. */
  readonly errors?: readonly EventError[];
}

/** The lock's record as an event saw it: facts of the storage, by the storage's clock. */
export interface LockSnapshot {
  readonly key: string;
  readonly ownerId: string;
  readonly fencingToken: number;
  /** How many acquires of the same owner the holder counts; 1 unless it re-entered. */
  readonly depth?: number;
  /** Epoch milliseconds, storage clock. */
  readonly acquiredAt: number;
  /** Epoch milliseconds, storage clock: the end of the lease. */
  readonly expiresAt: number;
}

/** The holder that a waiter waits for, as far as the waiter can know it. */
export interface Blocker {
  readonly ownerId: string;
  readonly fencingToken?: number;
  /** What the holder is doing, few-valued: a route, a job. */
  readonly operation?: string;
  readonly service?: string;
  readonly host?: string;
  readonly pid?: number;
  /** For how long it had held the lock when it was seen, in milliseconds. */
  readonly heldForMs?: number;
  /** W3C trace context of the holder's `lock` span, already checked. */
  readonly traceparent?: string;
}

/** What every event has, whatever its type. See {@link Event}. */
export interface EventOf<T extends EventType> {
  /** uuid v7, made when it is first read. */
  readonly id: string;
  /** The id of the root of this event's tree; a root's own id. */
  readonly rootId: string;
  /** The id of the parent, which every listener was told of before this event; absent on a root. */
  readonly parentId?: string;
  readonly type: T;
  /** The lock's class, few-valued: `orders/{id}`. The only one of the two that may become a metric label. */
  readonly lockName: string;
  /** The lock's instance: `orders/42`. */
  readonly lockKey: string;
  readonly mode: LockMode;
  readonly ownerId?: string;
  /** What the caller was doing, few-valued: a route, a job name. */
  readonly operation?: string;
  /** The kind of storage, few-valued: `sqlite`, `redis`. */
  readonly storageName?: string;
  /** Epoch milliseconds with microsecond digits. Times of one tree share one monotonic clock, so they never cross. */
  readonly startedAt: number;
  /** Absent while the event runs. */
  readonly endedAt?: number;
  /** Monotonic, in milliseconds. Absent while the event runs. */
  readonly durationMs?: number;
  /** The steps so far, oldest first; frozen. */
  readonly actions: readonly Action[];
  /** How it ended; absent while the event runs. */
  readonly outcome?: EventOutcomes[T];
  readonly error?: EventError;
  /** What is specific to this type of event; absent while the event runs. */
  readonly details?: EventDetails[T];
  readonly lock?: LockSnapshot;
  readonly watchdogId?: string;
  /**
   * W3C trace context that a listener offered for this event's tree, so that logs and exemplars can name the span. The
   * same on all events of the tree, from when the lock is asked for on.
   */
  readonly traceparent?: string;
  /** The live parent in this process. Not on the wire. */
  readonly parent?: Event;
}

/**
 * One operation with a start and an end, a node of a tree. One tree for one possession of a lock: the root `lock`
 * from the request to the release or the loss, under it the acquire, the renewals, the release.
 *
 * Listeners get a read-only view: while the event runs its getters show the state so far; once it has ended nothing
 * changes any more. `JSON.stringify(event)` gives the wire form.
 */
export type Event = { [T in EventType]: EventOf<T> }[EventType];
