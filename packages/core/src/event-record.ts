import type { Action } from './action.ts';
import type { ActionName, ActionPayloads } from './catalogue/actions.ts';
import type { EventDetails, EventOutcomes, EventType } from './catalogue/event-types.ts';
import { toEventError } from './event-error.ts';
import { eventId } from './event-id.ts';
import type { Tree } from './event-tree.ts';
import { viewOf } from './event-view.ts';
import type { Event, EventError, EventOf, LockSnapshot } from './event.ts';
import type { Hearing } from './audience.ts';
import type { ActionTimes, EventEnd, OpenEvent } from './open-event.ts';
import { ended, stepped } from './phase.ts';
import { Step } from './step.ts';

/** @internal What is known of one event, and the writing side of it. */
export class EventRecord<T extends EventType = EventType> implements OpenEvent<T> {
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
  #firstStep: Step | undefined = undefined;
  #lastStep: Step | undefined = undefined;
  #shown: readonly Action[] | undefined = undefined;
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
    return (this.#event ??= viewOf(this) as EventOf<T>);
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
    const at = options?.at ?? this.now();
    const error = options?.error === undefined ? undefined : toEventError(options.error);
    const step = new Step(name, payload, options?.from ?? at, at, error);
    if (this.#lastStep === undefined) this.#firstStep = step;
    else this.#lastStep.next = step;
    this.#lastStep = step;
    if (this.hearing.onAction.length > 0) this.tree.tell(stepped, this, step);
  }

  /** The steps as listeners see them: made when somebody looks, and for good once the event has ended. */
  shownActions(): readonly Action[] {
    if (this.#shown !== undefined) return this.#shown;
    const shown: Action[] = [];
    for (let step = this.#firstStep; step !== undefined; step = step.next) shown.push(step.show(this.tree));
    Object.freeze(shown);
    if (this.endedAt !== undefined) this.#shown = shown;
    return shown;
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
    if (this.hearing.on.length > 0) this.tree.tell(ended, this, undefined);
  }

  around<R>(fn: () => R): R {
    return this.tree.audience.around(this.hearing.around, this.event as Event, fn);
  }

  traceparent(): string | undefined {
    return (this.tree.traceparent ??= this.tree.audience.traceparent(this.hearing.traceparent, this.event as Event));
  }

  hold(): void {
    this.tree.hold();
  }

  flush(): void {
    this.tree.flush();
  }
}
