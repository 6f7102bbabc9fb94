import type { Action, ActionOf } from './action.ts';
import type { ActionName, ActionPayloads } from './catalogue/actions.ts';
import type { EventDetails, EventOutcomes, EventType } from './catalogue/event-types.ts';
import { toEventError } from './event-error.ts';
import { eventId } from './event-id.ts';
import type { Event, EventError, EventOf, LockMode, LockSnapshot } from './event.ts';
import type { Audience, Hearing } from './listener-set.ts';
import { snapshot } from './snapshot.ts';
import { toWire, type WireEvent } from './wire/encode.ts';

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
  /** The first well-formed trace context that a listener offers for this event. */
  traceparent(): string | undefined;
  /** Keeps what this tree has to tell until {@link OpenEvent.flush}: nothing that can wait runs in between. */
  hold(): void;
  flush(): void;
}

/** @internal Starts a tree; the caller made sure that somebody wants it. */
export function beginTree<T extends EventType>(
  audience: Audience,
  clock: EventClock,
  type: T,
  hearing: Hearing,
  init: EventInit,
): OpenEvent<T> {
  const at = clock.monotonic();
  return new Tree(audience, clock, init, at).open(type, hearing, undefined, at, undefined);
}

const start = 0;
const step = 1;
const end = 2;

/** What all events of one tree share, and the order in which listeners are told of them. */
class Tree {
  readonly anchor: number;
  readonly audience: Audience;
  readonly clock: EventClock;
  readonly init: EventInit;
  #telling = false;
  #held = false;
  /** Triples of phase, record and action that wait for their turn. */
  #waiting: unknown[] | undefined;

  constructor(audience: Audience, clock: EventClock, init: EventInit, at: number) {
    this.anchor = clock.now() - at;
    this.audience = audience;
    this.clock = clock;
    this.init = init;
  }

  open<T extends EventType>(
    type: T,
    hearing: Hearing,
    parent: EventRecord | undefined,
    at: number,
    watchdogId: string | undefined,
  ): EventRecord<T> {
    const record = new EventRecord(this, parent, type, hearing, at, watchdogId);
    if (record.hearing.onStart.length > 0) this.tell(start, record, undefined);
    return record;
  }

  epoch(monotonic: number): number {
    return Math.round((this.anchor + monotonic) * 1000) / 1000;
  }

  /** In order, one at a time: a listener that causes an event while it is told of another does not overtake others. */
  tell(phase: number, record: EventRecord, action: Action | undefined): void {
    if (this.#telling || this.#held) {
      (this.#waiting ??= []).push(phase, record, action);
      return;
    }
    this.#telling = true;
    this.#dispatch(phase, record, action);
    if (this.#waiting !== undefined) this.#drain();
    this.#telling = false;
  }

  hold(): void {
    this.#held = true;
  }

  flush(): void {
    this.#held = false;
    if (this.#telling || this.#waiting === undefined) return;
    this.#telling = true;
    this.#drain();
    this.#telling = false;
  }

  #drain(): void {
    const waiting = this.#waiting ?? [];
    for (let index = 0; index < waiting.length && !this.#held; index += 3) {
      const phase = waiting[index] as number;
      this.#dispatch(phase, waiting[index + 1] as EventRecord, waiting[index + 2] as Action | undefined);
      if (index + 3 >= waiting.length) this.#waiting = undefined;
      else if (this.#held) this.#waiting = waiting.slice(index + 3);
    }
  }

  #dispatch(phase: number, record: EventRecord, action: Action | undefined): void {
    const { audience } = this;
    if (phase === end) audience.tellEnd(record.hearing.on, record.event as Event);
    else if (phase === start) audience.tellStart(record.hearing.onStart, record.event as Event);
    else audience.tellAction(record.hearing.onAction, record.event as Event, freezeDeep(action as Action));
  }
}

class EventRecord<T extends EventType = EventType> implements OpenEvent<T> {
  readonly tree: Tree;
  readonly parent: EventRecord | undefined;
  readonly type: T;
  readonly hearing: Hearing;
  readonly startedAt: number;
  readonly watchdogId: string | undefined;
  endedAt: number | undefined = undefined;
  outcome: EventOutcomes[T] | undefined = undefined;
  details: EventDetails[T] | undefined = undefined;
  error: EventError | undefined = undefined;
  lock: LockSnapshot | undefined = undefined;
  actions: Action[] | undefined = undefined;
  #event: EventOf<T> | undefined = undefined;
  #id: string | undefined = undefined;

  constructor(
    tree: Tree,
    parent: EventRecord | undefined,
    type: T,
    hearing: Hearing,
    at: number,
    watchdogId: string | undefined,
  ) {
    this.tree = tree;
    this.parent = parent;
    this.type = type;
    this.hearing = hearing;
    this.startedAt = at;
    this.watchdogId = watchdogId;
  }

  get event(): EventOf<T> {
    return (this.#event ??= new EventView(this) as unknown as EventOf<T>);
  }

  get id(): string {
    return (this.#id ??= eventId(this.tree.epoch(this.startedAt)));
  }

  now(): number {
    return this.tree.clock.monotonic();
  }

  child<C extends EventType>(
    type: C,
    init?: { readonly at?: number; readonly watchdogId?: string },
  ): OpenEvent<C> | undefined {
    const hearing = this.tree.audience.hearing(type);
    if (hearing === undefined) return undefined;
    return this.tree.open(type, hearing, this, init?.at ?? this.now(), init?.watchdogId);
  }

  action<N extends ActionName>(name: N, payload: ActionPayloads[N], options?: ActionTimes): void {
    if (this.endedAt !== undefined) return;
    const endedAt = this.tree.epoch(options?.at ?? this.now());
    const startedAt = options?.from === undefined ? endedAt : this.tree.epoch(options.from);
    const action: ActionOf<N> =
      options?.error === undefined
        ? { name, startedAt, endedAt, payload }
        : { name, startedAt, endedAt, payload, error: toEventError(options.error) };
    if (this.actions === undefined) this.actions = [action];
    else this.actions.push(action);
    if (this.hearing.onAction.length > 0) this.tree.tell(step, this, action);
  }

  end(outcome: EventOutcomes[T], options?: EventEnd<T>): void {
    if (this.endedAt !== undefined) return;
    this.endedAt = options?.at ?? this.now();
    this.outcome = outcome;
    if (options !== undefined) {
      this.details = options.details;
      this.lock = options.lock;
      if (options.error !== undefined) this.error = toEventError(options.error);
    }
    if (this.hearing.on.length > 0) this.tree.tell(end, this, undefined);
  }

  around<R>(fn: () => R): R {
    return this.tree.audience.around(this.event as Event, fn);
  }

  traceparent(): string | undefined {
    return this.tree.audience.traceparent(this.event as Event);
  }

  hold(): void {
    this.tree.hold();
  }

  flush(): void {
    this.tree.flush();
  }
}

const none: readonly Action[] = Object.freeze([]);

/** The read-only face of an event. All state is behind it, so nothing that a listener does can change it. */
class EventView {
  readonly #of: EventRecord;

  constructor(record: unknown) {
    this.#of = record as EventRecord;
  }

  get id(): string {
    return this.#of.id;
  }
  get rootId(): string {
    let record = this.#of;
    while (record.parent !== undefined) record = record.parent;
    return record.id;
  }
  get parentId(): string | undefined {
    return this.#of.parent?.id;
  }
  get parent(): Event | undefined {
    return this.#of.parent?.event as Event | undefined;
  }
  get type(): EventType {
    return this.#of.type;
  }
  get lockName(): string {
    return this.#of.tree.init.lockName;
  }
  get lockKey(): string {
    return this.#of.tree.init.lockKey;
  }
  get mode(): LockMode {
    return this.#of.tree.init.mode ?? 'exclusive';
  }
  get ownerId(): string | undefined {
    return this.#of.tree.init.ownerId;
  }
  get operation(): string | undefined {
    return this.#of.tree.init.operation;
  }
  get storageName(): string | undefined {
    return this.#of.tree.init.storageName;
  }
  get startedAt(): number {
    return this.#of.tree.epoch(this.#of.startedAt);
  }
  get endedAt(): number | undefined {
    const { endedAt, tree } = this.#of;
    return endedAt === undefined ? undefined : tree.epoch(endedAt);
  }
  get durationMs(): number | undefined {
    const { endedAt, startedAt } = this.#of;
    return endedAt === undefined ? undefined : Math.round((endedAt - startedAt) * 1000) / 1000;
  }
  get actions(): readonly Action[] {
    const { actions, endedAt } = this.#of;
    if (actions === undefined) return none;
    return freezeDeep(endedAt === undefined ? [...actions] : actions);
  }
  get outcome(): string | undefined {
    return this.#of.outcome;
  }
  get error(): EventError | undefined {
    return this.#of.error;
  }
  get details(): EventDetails[EventType] | undefined {
    return freezeDeep(this.#of.details);
  }
  get lock(): LockSnapshot | undefined {
    return freezeDeep(this.#of.lock);
  }
  get watchdogId(): string | undefined {
    return this.#of.watchdogId;
  }

  toJSON(): WireEvent {
    return toWire(this as unknown as Event);
  }

  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return snapshot(this as unknown as Event);
  }
}

/** Freezes plain data when it is first shown. What is frozen already is taken to be frozen all the way down. */
function freezeDeep<V>(value: V): V {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) if (typeof inner === 'object') freezeDeep(inner);
  return value;
}
