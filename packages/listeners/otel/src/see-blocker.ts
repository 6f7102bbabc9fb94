import { TraceFlags, type Link } from '@opentelemetry/api';
import { parseTraceparent, type Blocker, type TraceContext } from '@lockscope/core';

import { cut, seconds, type LockAttributes } from './lock-attributes.ts';

/** What a link to the span of another possession says that it is. */
export type LinkType = 'blocked_by' | 'handed_off_from' | 'deadlock_with';

/**
 * Adds what is known of a holder that stands in the way to `attributes`, and gives the link to its span: undefined when
 * its record carries no trace context that can be trusted.
 *
 * What a blocker says comes from a record that anybody with access to the storage may have written, so nothing but the
 * expected types is taken, texts are cut, and a trace context is parsed strictly or left out.
 */
export function seeBlocker(attributes: LockAttributes, blocker: Blocker | undefined): Link | undefined {
  if (typeof blocker !== 'object' || blocker === null) return undefined;
  const trace = parseTraceparent(blocker.traceparent);
  describe(attributes, blocker, trace);
  return trace && link('blocked_by', blocker, trace);
}

/** The link to the span of another possession, as {@link seeBlocker} gives it. */
export function linkTo(type: LinkType, blocker: Blocker | undefined): Link | undefined {
  if (typeof blocker !== 'object' || blocker === null) return undefined;
  const trace = parseTraceparent(blocker.traceparent);
  return trace && link(type, blocker, trace);
}

function link(type: LinkType, blocker: Blocker, trace: TraceContext): Link {
  const { traceId, spanId, sampled } = trace;
  const attributes: LockAttributes = { 'lock.link.type': type };
  // Told twice rather than copied: a spread of objects like these costs several times as much.
  describe(attributes, blocker, trace);
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return { context: { traceId, spanId, traceFlags, isRemote: true }, attributes };
}

function describe(attributes: LockAttributes, blocker: Blocker, trace: TraceContext | undefined): void {
  const { ownerId, operation, service, host, pid, fencingToken, heldForMs } = blocker;
  if (typeof ownerId === 'string') attributes['lock.blocker.owner.id'] = cut(ownerId);
  if (typeof operation === 'string') attributes['lock.blocker.operation'] = cut(operation);
  if (typeof service === 'string') attributes['lock.blocker.service'] = cut(service);
  if (typeof host === 'string') attributes['lock.blocker.host'] = cut(host);
  if (Number.isFinite(pid)) attributes['lock.blocker.pid'] = pid as number;
  if (Number.isFinite(fencingToken)) attributes['lock.blocker.fencing_token'] = fencingToken as number;
  if (Number.isFinite(heldForMs)) attributes['lock.blocker.held_for'] = seconds(heldForMs as number);
  if (trace === undefined) return;
  attributes['lock.blocker.trace_id'] = trace.traceId;
  attributes['lock.blocker.span_id'] = trace.spanId;
  attributes['lock.blocker.sampled'] = trace.sampled;
}
