import type { Event, EventOf } from '@lockscope/core';

import { durationText } from './duration-text.ts';
import { holderText } from './holder-text.ts';
import { lossText } from './loss-text.ts';
import { plainText } from './plain-text.ts';
import { segmentsText } from './segments-text.ts';

/** What a drawn tree says of an event behind its name and outcome. */
export function eventNote(event: Event): string {
  return factsOf(event).join(', ');
}

function factsOf(event: Event): string[] {
  switch (event.type) {
    case 'lock':
      return possessionFacts(event);
    case 'lock.acquire': {
      const { details } = event;
      if (details === undefined) return [];
      const { attempts, contended, blocker, fencingToken } = details;
      const facts = fencingToken === undefined ? [] : [`token ${fencingToken}`];
      if (attempts !== 1) facts.push(`${attempts} attempts`);
      if (details.segments !== undefined) facts.push(segmentsText(details.segments));
      if (event.outcome !== 'acquired' && (contended || blocker !== undefined))
        facts.push(`blocked by ${holderText(blocker)}`);
      return facts;
    }
    case 'fence.rejected':
      return fenceFacts(event);
    case 'lease.renew':
      return event.details === undefined || event.details.failures === 0
        ? []
        : [`${event.details.failures} failed in a row`];
    case 'lease.lost':
      return event.details === undefined ? [] : [lossText(event.details)];
    case 'lock.rollback':
      return event.details === undefined ? [] : [plainText(event.details.reason)];
    case 'lock.force_release': {
      const { details } = event;
      if (details === undefined) return [];
      const victim = details.victim === undefined ? [] : [`taken from ${holderText(details.victim)}`];
      return [...victim, plainText(details.reason)];
    }
    case 'lock.create': {
      const { details } = event;
      if (details === undefined) return [];
      return [`lease ${durationText(details.leaseMs)}`, `renewed every ${durationText(details.renewEveryMs)}`];
    }
    case 'storage.acquire':
    case 'storage.renew':
    case 'storage.release':
      return event.details?.refused === true ? ['refused'] : [];
    default:
      return [];
  }
}

/** What a stale token met. */
export function fenceFacts({ details }: EventOf<'fence.rejected'>): string[] {
  if (details === undefined) return [];
  const { fencingToken, resource, currentToken } = details;
  const by = resource === undefined ? '' : ` by ${plainText(resource)}`;
  const seen = currentToken === undefined ? [] : [`it had seen token ${plainText(currentToken)}`];
  return [`token ${plainText(fencingToken)} refused${by}`, ...seen];
}

function possessionFacts({ details, ownerId, operation }: EventOf<'lock'>): string[] {
  const facts: string[] = [];
  if (details !== undefined) {
    const { contended, waitMs, holdMs, fencingToken, depth } = details;
    if (contended) facts.push(`waited ${durationText(waitMs)}`);
    if (holdMs !== undefined) facts.push(`held ${durationText(holdMs)}`);
    if (fencingToken !== undefined) facts.push(`token ${fencingToken}`);
    if (depth > 1) facts.push(`entered ${depth} times`);
  }
  const by = ownerId === undefined ? '' : `by ${plainText(ownerId)}`;
  const who = `${operation === undefined ? '' : plainText(operation)} ${by}`.trim();
  if (who !== '') facts.push(who);
  return facts;
}
