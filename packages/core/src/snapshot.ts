import type { Event } from './event.ts';

/** A frozen plain copy of an event, equal to what `decodeEvent` makes of its wire form. */
export function snapshot(event: Event): Event {
  const { id, rootId, parentId, type, lockName, lockKey, mode, ownerId, operation, storageName } = event;
  const { startedAt, endedAt, durationMs, actions, outcome, error, details, lock, watchdogId } = event;
  const known = { id, rootId, parentId, type, lockName, lockKey, mode, ownerId, operation, storageName };
  const rest = { startedAt, endedAt, durationMs, actions, outcome, error, details, lock, watchdogId };
  return Object.freeze(compact({ ...known, ...rest })) as unknown as Event;
}

/** @internal Without the fields that are undefined. */
export function compact<O extends object>(object: O): O {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as O;
}
