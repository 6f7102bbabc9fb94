import type { EventType } from './catalogue/event-types.ts';
import { EventRecord } from './event-record.ts';
import type { Event } from './event.ts';
import type { Audience, Hearing } from './audience.ts';
import type { EventClock, EventInit, OpenEvent } from './open-event.ts';
import { ended, started } from './phase.ts';
import type { Step } from './step.ts';

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

/** @internal What all events of one tree share, and the order in which listeners are told of them. */
export class Tree {
  readonly anchor: number;
  readonly audience: Audience;
  readonly clock: EventClock;
  readonly init: EventInit;
  /** What a listener offered. */
  traceparent: string | undefined = undefined;
  #telling = false;
  #held = false;
  /** What waits for its turn to be told, oldest first. */
  #next: Telling | undefined = undefined;
  #last: Telling | undefined = undefined;

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
    if (record.hearing.onStart.length > 0) this.tell(started, record, undefined);
    return record;
  }

  epoch(monotonic: number): number {
    return Math.round((this.anchor + monotonic) * 1000) / 1000;
  }

  /** In order, one at a time: a listener that causes an event while it is told of another does not overtake others. */
  tell(phase: number, record: EventRecord, step: Step | undefined): void {
    if (this.#telling || this.#held) {
      const telling: Telling = { phase, record, step, next: undefined };
      if (this.#last === undefined) this.#next = telling;
      else this.#last.next = telling;
      this.#last = telling;
      return;
    }
    this.#telling = true;
    this.#dispatch(phase, record, step);
    this.#drain();
    this.#telling = false;
  }

  hold(): void {
    this.#held = true;
  }

  flush(): void {
    this.#held = false;
    if (this.#telling) return;
    this.#telling = true;
    this.#drain();
    this.#telling = false;
  }

  #drain(): void {
    for (let telling = this.#next; telling !== undefined && !this.#held; telling = this.#next) {
      this.#next = telling.next;
      if (this.#next === undefined) this.#last = undefined;
      this.#dispatch(telling.phase, telling.record, telling.step);
    }
  }

  #dispatch(phase: number, record: EventRecord, step: Step | undefined): void {
    const { audience } = this;
    if (phase === ended) audience.tellEnd(record.hearing.on, record.event as Event);
    else if (phase === started) audience.tellStart(record.hearing.onStart, record.event as Event);
    else audience.tellAction(record.hearing.onAction, record.event as Event, (step as Step).show(this));
  }
}

interface Telling {
  readonly phase: number;
  readonly record: EventRecord;
  readonly step: Step | undefined;
  next: Telling | undefined;
}
