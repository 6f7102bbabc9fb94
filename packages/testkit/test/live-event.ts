import type { Action, Event, EventType } from '@lockscope/core';

type Fields = { -readonly [K in keyof Event]?: unknown };

/** An event made by hand, to tell a listener what no engine would: `change` is the way to its state. */
export interface LiveEvent {
  readonly event: Event;
  change(fields: Fields): void;
  /** Adds an action, as it would be recorded at that moment. */
  act(name: string, at: number, fields?: Partial<Record<keyof Action, unknown>>): Action;
}

let ids = 0;

/** A live event has no properties of its own, only getters: here the fields of its prototype. */
export function liveEvent(type: EventType, startedAt: number, parent?: LiveEvent, more: Fields = {}): LiveEvent {
  ids += 1;
  const id = `${type}-${ids}`;
  const fields: Fields = {
    id,
    rootId: parent?.event.rootId ?? id,
    parentId: parent?.event.id,
    type,
    lockName: 'orders/{id}',
    lockKey: 'orders/42',
    mode: 'exclusive',
    ownerId: 'me',
    storageName: 'memory',
    startedAt,
    actions: Object.freeze([]),
    ...more,
  };
  const event = Object.create(fields) as Event;
  return {
    event,
    change: (changes) => void Object.assign(fields, changes),
    act(name, at, actionFields = {}) {
      const action = Object.freeze({ name, startedAt: at, endedAt: at, payload: Object.freeze({}), ...actionFields });
      fields.actions = Object.freeze([...event.actions, action as Action]);
      return action as Action;
    },
  };
}

/** Details that an ended event of this type has at least. */
export function detailsFor(type: EventType): object | undefined {
  const details: Partial<Record<EventType, object>> = {
    lock: { contended: false, waitMs: 1, holdMs: 5, fencingToken: 1, leaseMs: 30_000, renewals: 0, depth: 1 },
    'lock.acquire': { attempts: 1, waitMs: 1, contended: false },
    'lease.lost': { reason: 'stolen', fencingToken: 1, evidence: Object.freeze({}) },
    'lock.release': { holdMs: 5, fencingToken: 1 },
  };
  return Object.freeze(details[type]);
}
