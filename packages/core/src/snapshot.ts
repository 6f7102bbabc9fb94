import type { Event, LockSnapshot } from './event.ts';

/**
 * A frozen plain copy of an event as it is now, equal to what `decodeEvent` makes of its wire form, as far as its
 * payloads are data.
 */
export function snapshot(event: Event): Event {
  const { id, rootId, parentId, type, lockName, lockKey, mode, ownerId, operation, storageName } = event;
  const { startedAt, endedAt, durationMs, actions, outcome, error, details, watchdogId, traceparent } = event;
  const lock = withDepth(event.lock);
  const known = { id, rootId, parentId, type, lockName, lockKey, mode, ownerId, operation, storageName };
  const rest = { startedAt, endedAt, durationMs, actions, outcome, error, details, lock, watchdogId, traceparent };
  return Object.freeze(compact({ ...known, ...rest })) as unknown as Event;
}

/** The wire form always says how deep, so a copy does too. */
function withDepth(lock: LockSnapshot | undefined): LockSnapshot | undefined {
  return lock === undefined || lock.depth !== undefined ? lock : Object.freeze({ ...lock, depth: 1 });
}

/** @internal Without the fields that are undefined. */
export function compact<O extends object>(object: O): O {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as O;
}
