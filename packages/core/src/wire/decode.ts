import type { Action } from '../action.ts';
import { actions } from '../catalogue/actions.ts';
import { eventTypes, type EventType } from '../catalogue/event-types.ts';
import { maxErrorDepth } from '../event-error.ts';
import type { LockMode } from '../catalogue/values.ts';
import type { Event, EventError, LockSnapshot } from '../event.ts';
import { templateName } from '../lock-name.ts';
import { compact } from '../snapshot.ts';
import { isTraceparent } from '../traceparent.ts';
import { originalOutcome, originalType } from './original.ts';
import { decodeTime } from './time.ts';
import { decodeRecord } from './value.ts';

/** What was read is no event. `code` is always `EVENT_FORMAT`; `field` names the part that is wrong. */
export class EventFormatError extends Error {
  readonly code = 'EVENT_FORMAT';
  readonly field: string;

  constructor(field: string, problem: string, options?: ErrorOptions) {
    super(`not an event: ${field} ${problem}`, options);
    this.name = 'EventFormatError';
    this.field = field;
  }
}

const maxIdLength = 512;
const maxActions = 10_000;

/**
 * Reads an event from its wire form: a line of JSON, or what `JSON.parse` made of one. Also reads what the original Go
 * storage-lock family writes; what that cannot say is filled in where it follows from the rest (the type from the
 * actions' names, the lock's name from its id). The result is frozen plain data.
 *
 * @throws {EventFormatError} when it is no event. Unknown fields are ignored.
 */
export function decodeEvent(input: string | object): Event {
  const wire = typeof input === 'string' ? parse(input) : input;
  try {
    return read(wire);
  } catch (error) {
    if (error instanceof EventFormatError) throw error;
    // Only an object that was not made by JSON.parse can get here, with a getter that throws.
    throw new EventFormatError('the whole', 'cannot be read', { cause: error });
  }
}

function read(wire: unknown): Event {
  if (typeof wire !== 'object' || wire === null || Array.isArray(wire))
    throw new EventFormatError('the whole', 'is not an object');
  const fields = wire as Readonly<Record<string, unknown>>;
  const rawActions = fields['actions'] ?? [];
  if (!Array.isArray(rawActions)) throw new EventFormatError('actions', 'is not a list');
  if (rawActions.length > maxActions) throw new EventFormatError('actions', `has more than ${maxActions} entries`);
  const startedAt = decodeTime(fields['start_time']);
  if (startedAt === undefined) throw new EventFormatError('start_time', 'is not an RFC 3339 time');
  const id = required(fields, 'id');
  const lockKey = required(fields, 'lock_id');
  const steps = rawActions.map((action: unknown, index) => decodeAction(action, index, startedAt));
  const watchdogId = optional(fields['watch_dog_id']);
  const type = decodeType(fields['type'], fields['event_type'], steps, watchdogId !== undefined);
  const outcome =
    optional(fields['outcome']) ?? (fields['type'] === undefined ? originalOutcome(type, steps) : undefined);
  const endedAt = decodeTime(fields['end_time']);
  const durationMs = endedAt === undefined ? undefined : duration(fields['duration_ms'], endedAt - startedAt);
  const mode = fields['lock_mode'];
  return Object.freeze(
    compact({
      id,
      rootId: optional(fields['root_id']) ?? id,
      parentId: optional(fields['parent_id']),
      type,
      lockName: optional(fields['lock_name']) ?? templateName(lockKey),
      lockKey,
      mode: (mode === 'shared' || mode === 'semaphore' ? mode : 'exclusive') satisfies LockMode,
      ownerId: optional(fields['owner_id']),
      operation: optional(fields['operation']),
      storageName: optional(fields['storage_name']),
      startedAt,
      endedAt,
      durationMs,
      actions: Object.freeze(steps),
      outcome,
      error: decodeError(fields['err'], 1),
      details: isObject(fields['details']) ? decodeRecord(fields['details']) : undefined,
      lock: decodeLock(fields['lock_information']),
      watchdogId,
      traceparent: isTraceparent(fields['traceparent']) ? fields['traceparent'] : undefined,
    }),
  ) as unknown as Event;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EventFormatError('the text', 'is not JSON', { cause });
  }
}

/** What was measured, when that was written; never less than nothing. */
function duration(written: unknown, computed: number): number {
  if (typeof written === 'number' && written >= 0 && written < Infinity) return written;
  return Math.max(0, Math.round(computed * 1000) / 1000);
}

function decodeType(name: unknown, code: unknown, steps: readonly Action[], ofWatchdog: boolean): EventType {
  if (typeof name === 'string') return Object.hasOwn(eventTypes, name) ? (name as EventType) : 'unknown';
  if (typeof code !== 'number') throw new EventFormatError('event_type', 'is missing, and so is type');
  return originalType(code, steps, ofWatchdog);
}

function decodeAction(wire: unknown, index: number, eventStart: number): Action {
  const field = `actions[${index}]`;
  if (!isObject(wire)) throw new EventFormatError(field, 'is not an object');
  const { name, payload_map: payload } = wire;
  if (typeof name !== 'string' || name === '') throw new EventFormatError(`${field}.name`, 'is not a name');
  return Object.freeze(
    compact({
      ...(Object.hasOwn(actions, name) ? { name } : { name: 'foreign', foreignName: name }),
      startedAt: decodeTime(wire['start_time']) ?? eventStart,
      endedAt: decodeTime(wire['end_time']),
      payload: isObject(payload) ? decodeRecord(payload) : Object.freeze({}),
      error: decodeError(wire['err'], 1),
    }),
  ) as unknown as Action;
}

/** The original writes any error as `{}`; older and other writers wrote its text. */
function decodeError(wire: unknown, depth: number): EventError | undefined {
  if (typeof wire === 'string' && wire !== '') return Object.freeze({ name: 'Error', message: wire });
  if (!isObject(wire)) return undefined;
  const { name, message, code, stack, cause, errors } = wire;
  return Object.freeze(
    compact({
      name: optional(name) ?? 'Error',
      message: typeof message === 'string' ? message : 'an error whose text was not recorded',
      code: optional(code),
      stack: optional(stack),
      cause: depth < maxErrorDepth ? decodeError(cause, depth + 1) : undefined,
      errors:
        Array.isArray(errors) && depth < maxErrorDepth
          ? Object.freeze(errors.flatMap((error) => decodeError(error, depth + 1) ?? []))
          : undefined,
    }),
  ) as EventError;
}

function decodeLock(wire: unknown): LockSnapshot | undefined {
  if (!isObject(wire)) return undefined;
  const key = optional(wire['lock_id']);
  const acquiredAt = decodeTime(wire['lock_begin_time']);
  const expiresAt = decodeTime(wire['lease_expire_time']);
  const { version, lock_count: depth } = wire;
  if (key === undefined || acquiredAt === undefined || expiresAt === undefined || !isFinite(version)) return undefined;
  const ownerId = optional(wire['owner_id']) ?? '';
  return Object.freeze({
    key,
    ownerId,
    fencingToken: version,
    depth: isFinite(depth) ? depth : 1,
    acquiredAt,
    expiresAt,
  });
}

function required(fields: Readonly<Record<string, unknown>>, field: string): string {
  const value = fields[field];
  if (typeof value !== 'string' || value === '') throw new EventFormatError(field, 'is missing or not text');
  if (value.length > maxIdLength) throw new EventFormatError(field, `is longer than ${maxIdLength} characters`);
  return value;
}

function optional(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
