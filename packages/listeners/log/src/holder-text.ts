import type { Blocker, Event } from '@lockscope/core';

import { durationText } from './duration-text.ts';
import { plainText } from './plain-text.ts';

/** Which lock: its class and the instance, or one of them when they are the same. */
export function lockText({ lockName, lockKey }: Pick<Event, 'lockName' | 'lockKey'>): string {
  return lockName === lockKey ? plainText(lockKey) : `${plainText(lockName)} [${plainText(lockKey)}]`;
}

/** Who holds it, doing what: `checkout-7f9c (POST /checkout, token 118, held 2.10s)`. */
export function holderText(blocker: Blocker | undefined): string {
  if (typeof blocker !== 'object' || blocker === null) return 'somebody unknown';
  const { ownerId, operation, fencingToken, heldForMs } = blocker;
  const facts: string[] = [];
  if (operation !== undefined) facts.push(plainText(operation));
  if (fencingToken !== undefined) facts.push(`token ${plainText(fencingToken)}`);
  if (typeof heldForMs === 'number') facts.push(`held ${durationText(heldForMs)}`);
  return facts.length === 0 ? plainText(ownerId) : `${plainText(ownerId)} (${facts.join(', ')})`;
}
