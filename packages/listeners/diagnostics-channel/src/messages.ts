import type { Action, Event, EventError } from '@lockscope/core';

/**
 * What subscribers of a tracing channel get: one object for one operation, the same from `start` to `asyncEnd`, so that
 * what belongs to it can be kept in a `WeakMap` or on the object itself.
 */
export interface LockTrace<E extends Event = Event> {
  /** Read-only; its parents are there as `event.parent`. */
  readonly event: E;
  /** How it ended: the event's outcome. There from `asyncStart` on, when it did not fail. */
  result?: string;
  /** What went wrong: plain data with `name`, `message`, `code`, `stack`. There from `error` on, when it failed. */
  error?: EventError;
  [more: string | symbol]: unknown;
}

/** What subscribers of a channel of moments get. */
export interface LockAction<E extends Event = Event> {
  readonly event: E;
  /** The step; absent on channels of events that are moments themselves. */
  readonly action?: Action;
}
