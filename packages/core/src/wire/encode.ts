import type { Action } from '../action.ts';
import { eventTypes } from '../catalogue/event-types.ts';
import type { Event, EventError, LockSnapshot } from '../event.ts';
import { encodeTime } from './time.ts';
import { encodeValue } from './value.ts';

/** An action on the wire. The names of the original Go family, and `null` where it writes `null`. */
export interface WireAction {
  readonly name: string;
  readonly start_time: string;
  readonly end_time: string | null;
  readonly err: EventError | null;
  readonly payload_map: unknown;
}

/** The lock's record on the wire. */
export interface WireLock {
  readonly lock_id: string;
  readonly owner_id: string;
  /** The fencing token. */
  readonly version: number;
  readonly lock_count: number;
  readonly lock_begin_time: string;
  readonly lease_expire_time: string;
}

/**
 * An event as JSON: the snake_case names of the original Go storage-lock family, so that one reader does for the logs
 * of both, and beside them what the original cannot say (`type`, `outcome`, `details`, errors with their text).
 */
export interface WireEvent {
  readonly id: string;
  readonly root_id: string;
  readonly parent_id: string;
  readonly type: string;
  readonly event_type: number;
  readonly lock_id: string;
  readonly lock_name: string;
  readonly lock_mode: string;
  readonly owner_id: string;
  readonly operation?: string;
  readonly storage_name: string;
  readonly start_time: string;
  readonly end_time: string | null;
  readonly duration_ms?: number;
  readonly actions: readonly WireAction[];
  readonly outcome?: string;
  readonly err: EventError | null;
  readonly details?: unknown;
  readonly lock_information: WireLock | null;
  readonly watch_dog_id: string;
  readonly traceparent?: string;
}

/** The wire form of an event, running or ended. Never throws. */
export function toWire(event: Event): WireEvent {
  const { endedAt, operation, durationMs, outcome, details, lock, traceparent } = event;
  return {
    id: event.id,
    root_id: event.rootId,
    parent_id: event.parentId ?? '',
    type: event.type,
    event_type: eventTypes[event.type].originalCode,
    lock_id: event.lockKey,
    lock_name: event.lockName,
    lock_mode: event.mode,
    owner_id: event.ownerId ?? '',
    ...(operation !== undefined && { operation }),
    storage_name: event.storageName ?? '',
    start_time: encodeTime(event.startedAt),
    end_time: endedAt === undefined ? null : encodeTime(endedAt),
    ...(durationMs !== undefined && { duration_ms: durationMs }),
    actions: event.actions.map(wireAction),
    ...(outcome !== undefined && { outcome }),
    err: event.error ?? null,
    ...(details !== undefined && { details: encodeValue(details) }),
    lock_information: lock === undefined ? null : wireLock(lock),
    watch_dog_id: event.watchdogId ?? '',
    ...(traceparent !== undefined && { traceparent }),
  };
}

/** One line of JSON for an event, without a line end. Never throws. */
export function encodeEvent(event: Event): string {
  return JSON.stringify(toWire(event));
}

function wireAction(action: Action): WireAction {
  const { startedAt, endedAt, error, payload } = action;
  return {
    name: writtenName(action),
    start_time: encodeTime(startedAt),
    end_time: endedAt === undefined ? null : encodeTime(endedAt),
    err: error ?? null,
    payload_map: encodeValue(payload),
  };
}

/** @internal The name of an action as its writer wrote it. */
export function writtenName(action: Action): string {
  return action.name === 'foreign' ? action.foreignName : action.name;
}

function wireLock(lock: LockSnapshot): WireLock {
  return {
    lock_id: lock.key,
    owner_id: lock.ownerId,
    version: lock.fencingToken,
    lock_count: lock.depth ?? 1,
    lock_begin_time: encodeTime(lock.acquiredAt),
    lease_expire_time: encodeTime(lock.expiresAt),
  };
}
