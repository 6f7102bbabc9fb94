import { actions as actionCatalogue, type Action, type Event } from '@lockscope/core';

import { isFromWire, type Breach } from './breach.ts';
import { detailed, detailsOf, outcomesOf } from './vocabulary.ts';

/** Times are kept with three digits. */
const rounding = 0.0015;

/** What can be wrong with an ended event by itself. */
export function checkEnded(event: Event): Breach[] {
  return [...checkTimes(event), ...checkOutcome(event), ...readable(() => checkDetails(event)), ...checkFrozen(event)];
}

/** Details that cannot even be read were made by no engine; it is not the timeline that is wrong then. */
function readable<T>(check: () => T[]): T[] {
  try {
    return check();
  } catch {
    return [];
  }
}

/** What can be wrong with an action of an event. */
export function checkAction(event: Event, action: Action): Breach[] {
  const breaches: Breach[] = [];
  const { name, startedAt } = action;
  const known = Object.hasOwn(actionCatalogue, name)
    ? actionCatalogue[name as keyof typeof actionCatalogue]
    : undefined;
  if (known === undefined) {
    if (!isFromWire(event)) breaches.push({ rule: 'action.unknown', text: `has ${name}, which is in no catalogue` });
  } else if (known.of !== event.type) {
    breaches.push({ rule: 'action.unknown', text: `has ${name}, which belongs to ${known.of}` });
  }
  const endedAt = action.endedAt ?? (isFromWire(event) ? startedAt : undefined);
  if (endedAt === undefined || !(endedAt >= startedAt)) {
    breaches.push({ rule: 'action.times', text: `has ${name} from ${startedAt} to ${endedAt}` });
  } else if (outside(event, startedAt) || outside(event, endedAt)) {
    breaches.push({
      rule: 'action.times',
      text: `has ${name} outside its own time: ${span(action)} in ${span(event)}`,
    });
  }
  return breaches;
}

/** True when a moment is not within the event, as far as its times are known. */
export function outside(event: Event, moment: number): boolean {
  return moment < event.startedAt - rounding || moment > (event.endedAt ?? Infinity) + rounding;
}

/** From when to when, for a message. */
export function span({ startedAt, endedAt }: { readonly startedAt: number; readonly endedAt?: number }): string {
  return `${startedAt} to ${endedAt ?? 'no end'}`;
}

function checkTimes(event: Event): Breach[] {
  const { startedAt, endedAt, durationMs } = event;
  if (endedAt === undefined || durationMs === undefined || !Number.isFinite(startedAt)) {
    return [{ rule: 'event.times', text: `has ended without its times: ${span(event)}, ${durationMs} ms` }];
  }
  if (!(endedAt >= startedAt) || !(Math.abs(endedAt - startedAt - durationMs) <= rounding)) {
    return [{ rule: 'event.times', text: `lasted ${durationMs} ms from ${span(event)}` }];
  }
  return [];
}

function checkOutcome({ type, outcome }: Event): Breach[] {
  const allowed: readonly string[] | undefined = outcomesOf[type];
  if (outcome !== undefined && (allowed === undefined || allowed.includes(outcome))) return [];
  return [{ rule: 'event.outcome', text: `ended with ${JSON.stringify(outcome)}` }];
}

function checkDetails(event: Event): Breach[] {
  const details = event.details as Readonly<Record<string, unknown>> | undefined;
  if (details === undefined) {
    if (!detailed.includes(event.type) || isFromWire(event)) return [];
    return [{ rule: 'event.details', text: 'ended without details' }];
  }
  const breaches: Breach[] = [];
  for (const key of detailsOf[event.type] as readonly string[]) {
    if (details[key] === undefined) breaches.push({ rule: 'event.details', text: `ended without its ${key}` });
  }
  for (const [key, value] of Object.entries(details)) {
    const isDuration = key.endsWith('Ms') && event.type !== 'unknown';
    if (typeof value === 'number' && (Number.isNaN(value) || (isDuration && value < 0))) {
      breaches.push({ rule: 'event.details', text: `ended with ${key} ${value}` });
    }
  }
  return breaches;
}

function checkFrozen(event: Event): Breach[] {
  const { actions, details, lock, error } = event;
  const thawed = readable(() =>
    Object.entries({ actions, details, lock, error }).filter(([, value]) => !isFrozenDeep(value, 0)),
  );
  const breaches: Breach[] = thawed.map(([name]) => ({
    rule: 'event.frozen',
    text: `has ${name} that can be changed`,
  }));
  if (isFromWire(event)) {
    if (!Object.isFrozen(event)) breaches.push({ rule: 'event.frozen', text: 'can be changed' });
  } else {
    const written = Reflect.ownKeys(event);
    if (written.length > 0)
      breaches.push({ rule: 'event.changed', text: `was written on: ${written.map(String).join(', ')}` });
  }
  return breaches;
}

function isFrozenDeep(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Date || depth > 16) return true;
  return Object.isFrozen(value) && Object.values(value).every((inner) => isFrozenDeep(inner, depth + 1));
}
