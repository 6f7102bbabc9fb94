import type { AttributeName, EventOf } from '@lockscope/core';

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

/** Seconds, to the microsecond: what durations are given in. */
export function seconds(ms: number): number {
  return Math.round(ms * 1000) / 1e6;
}
