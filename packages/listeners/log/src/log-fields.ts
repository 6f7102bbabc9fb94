import { parseTraceparent, type Blocker, type Event, type LossEvidence, type WaitSegment } from '@lockscope/core';

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
  const trace = parseTraceparent(event.traceparent);
  if (trace !== undefined) {
    fields.trace_id = trace.traceId;
    fields.span_id = trace.spanId;
  }
  return fields;
}

/** Adds what a wait was spent on, in seconds for each kind. */
export function addSegments(fields: LogFields, segments: readonly WaitSegment[] | undefined): void {
  if (segments === undefined) return;
  const spent: Partial<Record<WaitSegment['kind'], number>> = {};
  for (const { kind, ms } of segments) spent[kind] = (spent[kind] ?? 0) + ms;
  for (const [kind, ms] of Object.entries(spent)) fields[`lock.wait.${kind as WaitSegment['kind']}`] = seconds(ms);
}

/** Adds what the holder's process was doing when its lease ran out, or nearly did. */
export function addEvidence(fields: LogFields, evidence: LossEvidence): void {
  const { sinceConfirmedMs, eventLoopDelayMs, gcMs, failedRenewals, storageRoundTripMs, clockOffsetMs } = evidence;
  fields['lock.evidence.since_confirmed'] = seconds(sinceConfirmedMs);
  fields['lock.evidence.event_loop_delay'] = seconds(eventLoopDelayMs);
  fields['lock.evidence.failed_renewals'] = failedRenewals;
  if (gcMs !== undefined) fields['lock.evidence.gc'] = seconds(gcMs);
  if (storageRoundTripMs !== undefined) fields['lock.evidence.storage_round_trip'] = seconds(storageRoundTripMs);
  if (clockOffsetMs !== undefined) fields['lock.evidence.clock_offset'] = seconds(clockOffsetMs);
  if (evidence.successor === undefined) return;
  fields['lock.successor.owner.id'] = evidence.successor.ownerId;
  const { fencingToken } = evidence.successor;
  if (fencingToken !== undefined) fields['lock.successor.fencing_token'] = fencingToken;
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
