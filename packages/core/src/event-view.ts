import type { Action } from './action.ts';
import type { LockMode } from './catalogue/values.ts';
import type { EventDetails, EventType } from './catalogue/event-types.ts';
import type { EventRecord } from './event-record.ts';
import type { Event, EventError, LockSnapshot } from './event.ts';
import { freezeDeep } from './freeze-deep.ts';
import { snapshot } from './snapshot.ts';
import { toWire, type WireEvent } from './wire/encode.ts';

/** @internal What listeners see of an event. */
export function viewOf(record: EventRecord): Event {
  return new EventView(record) as unknown as Event;
}

/** The read-only face of an event. All state is behind it, so nothing that a listener does can change it. */
class EventView {
  readonly #of: EventRecord;

  constructor(record: EventRecord) {
    this.#of = record;
    // Otherwise a listener could define a field that hides a getter from those who are told after it.
    Object.preventExtensions(this);
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
    return this.#of.shownActions();
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
  get traceparent(): string | undefined {
    return this.#of.tree.traceparent;
  }

  toJSON(): WireEvent {
    return toWire(this as unknown as Event);
  }

  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return snapshot(this as unknown as Event);
  }
}

Object.freeze(EventView.prototype);
