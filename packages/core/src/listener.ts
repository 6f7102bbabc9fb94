import type { Action } from './action.ts';
import type { EventType } from './catalogue/event-types.ts';
import type { Event } from './event.ts';

/**
 * Somebody who is told of events.
 *
 * Promises to a listener: it is told of an event once when it starts and once when it ends; parents start before
 * their children and end after them; what it is told of one tree is in order; an ended event never changes. It is
 * called synchronously, so it should be quick: wrap slow work in `queued()`. Whatever it throws, rejects or returns
 * changes nothing for the lock; the fault is counted and reported through `onListenerError`.
 *
 * Promises of a listener: none. It cannot break the lock that it watches.
 */
export interface Listener {
  /** Shows up in fault reports and self-metrics. A second listener of the same name gets `#2` behind it. */
  readonly name: string;
  /** Told once for each event, when it has ended. */
  on?(event: Event): void | Promise<void>;
  /** Told once for each event, when it starts. */
  onStart?(event: Event): void | Promise<void>;
  /** Told of each action as it is recorded, so a wait is visible while it lasts. */
  onAction?(event: Event, action: Action): void | Promise<void>;
  /** Told of the faults of all listeners, its own excepted, and except for faults in `onFault` itself. */
  onFault?(fault: ListenerFault): void;
  /**
   * What it wants to hear of and be asked about; all types when absent. Read when it is added. A type that nobody wants
   * costs nothing.
   */
  readonly types?: readonly EventType[];
  /** Runs `fn` inside whatever it opened for `event`, such as an active span. Must call `fn` exactly once, at once. */
  around?<T>(event: Event, fn: () => T): T;
  /** The W3C trace context that the lock's record is to carry, so that waiters elsewhere can link to it. */
  traceparent?(event: Event): string | undefined;
}

/** A listener, or just the function that is told when an event has ended. */
export type ListenerInput = Listener | ((event: Event) => void | Promise<void>);

/** One fault of a listener: what it threw, where, and how often that listener has failed so far. */
export interface ListenerFault {
  readonly listener: string;
  readonly phase: 'on' | 'onStart' | 'onAction' | 'onFault' | 'around' | 'traceparent';
  readonly error: unknown;
  readonly eventType?: EventType;
  /** Faults of this listener so far, this one included. */
  readonly count: number;
}

/** What became of one listener. */
export interface ListenerStats {
  readonly name: string;
  readonly faults: number;
}
