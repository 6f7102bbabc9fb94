import type { ActionName, ActionPayloads } from './catalogue/actions.ts';
import type { LockMode } from './catalogue/values.ts';
import type { EventDetails, EventOutcomes, EventType } from './catalogue/event-types.ts';
import type { EventOf, LockSnapshot } from './event.ts';

/** Where events take their times from. */
export interface EventClock {
  /** Epoch milliseconds. Read once for each tree. */
  now(): number;
  /** Milliseconds since any fixed moment; never goes back. */
  monotonic(): number;
}

/** What is known when a tree begins, and holds for all events in it. */
export interface EventInit {
  readonly lockName: string;
  readonly lockKey: string;
  readonly mode?: LockMode;
  readonly ownerId?: string;
  readonly operation?: string;
  readonly storageName?: string;
}

/** When a step took place, on the tree's monotonic clock, and what went wrong in it. */
export interface ActionTimes {
  /** When it began; absent when it has no length. */
  readonly from?: number;
  /** When it ended; now, when absent. */
  readonly at?: number;
  readonly error?: unknown;
}

/** How an event ends. */
export interface EventEnd<T extends EventType> {
  readonly details?: EventDetails[T];
  readonly error?: unknown;
  readonly lock?: LockSnapshot | undefined;
  /** When it ended, on the tree's monotonic clock; now, when absent. */
  readonly at?: number;
}

/**
 * The writing side of an event, for who runs the operation. Listeners get {@link OpenEvent.event}, from which there is
 * no way back to this.
 */
export interface OpenEvent<T extends EventType = EventType> {
  /** What listeners see: a read-only view of this event. */
  readonly event: EventOf<T>;
  /** The tree's monotonic clock, in milliseconds. */
  now(): number;
  /** Starts an event below this one; undefined when no listener wants its type. */
  child<C extends EventType>(
    type: C,
    init?: { readonly at?: number; readonly watchdogId?: string },
  ): OpenEvent<C> | undefined;
  /** Records a step. */
  action<N extends ActionName>(name: N, payload: ActionPayloads[N], options?: ActionTimes): void;
  /** Ends the event; a second call does nothing. */
  end(outcome: EventOutcomes[T], end?: EventEnd<T>): void;
  /** Runs `fn` inside what the listeners open for this event. Gives what `fn` gives, throws what `fn` throws. */
  around<R>(fn: () => R): R;
  /** The trace context of this tree: the first well-formed one that a listener offers when it is asked for. */
  traceparent(): string | undefined;
  /** Keeps what this tree has to tell until {@link OpenEvent.flush}: nothing that can wait runs in between. */
  hold(): void;
  flush(): void;
}
