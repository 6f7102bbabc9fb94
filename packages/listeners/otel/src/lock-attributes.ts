import {
  waitSegmentKinds,
  type AttributeName,
  type EventOf,
  type LossEvidence,
  type WaitSegment,
} from '@lockscope/core';

import { redactKey } from './redact-key.ts';
import type { KeyRedaction } from './otel-options.ts';

/** Attributes of a span, an event or a link. No name from outside core's catalogue gets in. */
export type LockAttributes = { [N in AttributeName]?: string | number | boolean };

/** What is known when a span starts: what its sampler decides by. */
export function identityAttributes(
  event: Pick<EventOf<'lock'>, 'lockName' | 'lockKey' | 'mode' | 'storageName' | 'operation'>,
  redaction: KeyRedaction,
): LockAttributes {
  const attributes: LockAttributes = { 'lock.name': event.lockName, 'lock.mode': event.mode };
  const key = redactKey(event.lockKey, redaction);
  const { storageName, operation } = event;
  if (key !== undefined) attributes['lock.key'] = key;
  if (storageName !== undefined) attributes['lock.system'] = storageName;
  if (operation !== undefined) attributes['lock.operation'] = operation;
  return attributes;
}

const kinds = waitSegmentKinds.map((kind) => ({ kind, attribute: `lock.wait.${kind}` as const }));

/** What a wait was spent on, in seconds by kind; nothing when that was not told. */
export function addSegments(attributes: LockAttributes, segments: readonly WaitSegment[] | undefined): void {
  if (!Array.isArray(segments) || segments.length === 0) return;
  for (const { kind, attribute } of kinds) {
    let sum = 0;
    for (const segment of segments as readonly (WaitSegment | undefined)[]) {
      const ms: unknown = segment?.kind === kind ? segment.ms : undefined;
      if (typeof ms === 'number' && ms > 0 && ms < Infinity) sum += ms;
    }
    if (sum > 0) attributes[attribute] = seconds(sum);
  }
  attributes['lock.segments'] = segments.length;
}

/** What the holder's own process was doing when its lease came close to the end, or past it. */
export function addEvidence(attributes: LockAttributes, evidence: LossEvidence | undefined): void {
  if (typeof evidence !== 'object' || evidence === null) return;
  const { sinceConfirmedMs, eventLoopDelayMs, gcMs, storageRoundTripMs, clockOffsetMs, failedRenewals } = evidence;
  const { successor } = evidence;
  attributes['lock.evidence.since_confirmed'] = seconds(sinceConfirmedMs);
  attributes['lock.evidence.event_loop_delay'] = seconds(eventLoopDelayMs);
  attributes['lock.evidence.failed_renewals'] = failedRenewals;
  if (gcMs !== undefined) attributes['lock.evidence.gc'] = seconds(gcMs);
  if (storageRoundTripMs !== undefined) attributes['lock.evidence.storage_round_trip'] = seconds(storageRoundTripMs);
  if (clockOffsetMs !== undefined) attributes['lock.evidence.clock_offset'] = seconds(clockOffsetMs);
  if (typeof successor?.ownerId === 'string') attributes['lock.successor.owner.id'] = cut(successor.ownerId);
  if (Number.isFinite(successor?.fencingToken))
    attributes['lock.successor.fencing_token'] = successor?.fencingToken as number;
}

/** Seconds, to the microsecond: what durations are given in. */
export function seconds(ms: number): number {
  return Math.round(ms * 1000) / 1e6;
}

const maxText = 256;

/** A text that somebody else wrote, at a length that every back end takes. */
export function cut(text: string, most: number = maxText): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
