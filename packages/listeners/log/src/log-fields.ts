import { parseTraceparent, type Blocker, type Event } from '@lockscope/core';

import type { LogFields } from './log-line.ts';

/** What every line says of its lock. */
export function fieldsOf(event: Event, name: string): LogFields {
  const fields: LogFields = {
    'event.name': name,
    'lock.name': event.lockName,
    'lock.key': event.lockKey,
    'lock.mode': event.mode,
  };
  const { storageName, operation, ownerId } = event;
  if (storageName !== undefined) fields['lock.system'] = storageName;
  if (operation !== undefined) fields['lock.operation'] = operation;
  if (ownerId !== undefined) fields['lock.owner.id'] = ownerId;
  return fields;
}

/** Adds who stands in the way, with the ids of its span where its record carries them. */
export function addBlocker(fields: LogFields, blocker: Blocker | undefined): void {
  if (typeof blocker !== 'object' || blocker === null) return;
  const { ownerId, operation, service, host, pid, fencingToken, heldForMs, traceparent } = blocker;
  fields['lock.blocker.owner.id'] = ownerId;
  if (operation !== undefined) fields['lock.blocker.operation'] = operation;
  if (service !== undefined) fields['lock.blocker.service'] = service;
  if (host !== undefined) fields['lock.blocker.host'] = host;
  if (pid !== undefined) fields['lock.blocker.pid'] = pid;
  if (fencingToken !== undefined) fields['lock.blocker.fencing_token'] = fencingToken;
  if (heldForMs !== undefined) fields['lock.blocker.held_for'] = seconds(heldForMs);
  const trace = parseTraceparent(traceparent);
  if (trace === undefined) return;
  fields['lock.blocker.trace_id'] = trace.traceId;
  fields['lock.blocker.span_id'] = trace.spanId;
  fields['lock.blocker.sampled'] = trace.sampled;
}

/** Seconds, to the microsecond: what durations are given in. */
export function seconds(ms: number): number {
  return Math.round(ms * 1000) / 1e6;
}
