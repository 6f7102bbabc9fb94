import { releaseReasons, type Event } from '@lockscope/core';

import { isFromWire, type Breach } from './breach.ts';
import type { EventNode } from './event-node.ts';

/** What must follow from the end of a release. */
const afterRelease: Readonly<Record<string, readonly string[]>> = {
  released: ['released'],
  stale: ['lost'],
  error: ['release_failed', 'lost'],
};

/** Whether the outcome of a `lock` fits what happened below it. */
export function checkPossession({ event, children }: EventNode): Breach[] {
  const acquires = eventsOf(children, 'lock.acquire');
  const outcome = String(event.outcome);
  const breaches: Breach[] = [];
  if (acquires.length > 1 || (acquires.length === 0 && !isFromWire(event))) {
    breaches.push({ rule: 'acquire.count', text: `has ${acquires.length} acquires` });
  }
  for (const { outcome: acquired } of acquires.slice(0, 1)) breaches.push(...checkEnd(event, String(acquired)));
  const losses = eventsOf(children, 'lease.lost').length;
  if (losses > 1 || (losses === 1 && outcome !== 'lost')) {
    breaches.push({ rule: 'possession.contradiction', text: `ended ${outcome} after ${losses} losses` });
  }
  for (const release of eventsOf(children, 'lock.release')) {
    const fitting = afterRelease[String(release.outcome)];
    if (fitting === undefined || fitting.includes(outcome)) continue;
    breaches.push({
      rule: 'possession.contradiction',
      text: `ended ${outcome} after a release that ended ${release.outcome}`,
    });
  }
  return breaches;
}

function checkEnd(event: Event, acquired: string): Breach[] {
  const outcome = String(event.outcome);
  if (acquired !== 'acquired') {
    if (outcome === acquired) return [];
    return [{ rule: 'possession.outcome', text: `ended ${outcome} although its acquire ended ${acquired}` }];
  }
  if (!releaseReasons.some((reason) => reason === outcome)) {
    return [{ rule: 'possession.outcome', text: `was acquired and ended ${outcome}` }];
  }
  const details = event.details as Readonly<Record<string, unknown>> | undefined;
  if (details === undefined) return [];
  const needed = ['holdMs', 'fencingToken', ...(outcome === 'lost' ? ['lostReason'] : [])];
  return needed
    .filter((key) => details[key] === undefined)
    .map((key) => ({ rule: 'event.details', text: `was acquired and ended without its ${key}` }));
}

function eventsOf(nodes: readonly EventNode[], type: Event['type']): Event[] {
  return nodes.filter(({ event }) => event.type === type).map(({ event }) => event);
}
