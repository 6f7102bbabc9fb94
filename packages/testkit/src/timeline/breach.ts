import type { Event } from '@lockscope/core';

/** What a timeline can be caught at. */
export type TimelineRule =
  | 'start.twice'
  | 'start.ended'
  | 'start.before_parent'
  | 'start.after_parent'
  | 'start.before_acquired'
  | 'end.twice'
  | 'end.without_start'
  | 'end.before_child'
  | 'end.missing'
  | 'action.without_start'
  | 'action.after_end'
  | 'action.lost'
  | 'action.unknown'
  | 'action.times'
  | 'event.times'
  | 'event.outcome'
  | 'event.details'
  | 'event.attributes'
  | 'event.frozen'
  | 'event.changed'
  | 'id.repeated'
  | 'id.root'
  | 'id.parent'
  | 'acquire.count'
  | 'possession.outcome'
  | 'possession.contradiction';

/** @internal One thing that cannot be, of one event. */
export interface Breach {
  readonly rule: TimelineRule;
  readonly text: string;
}

/** @internal True for an event that was read from somewhere; false for one that is told while it happens. */
export function isFromWire(event: Event): boolean {
  return Object.hasOwn(event, 'id');
}

/** @internal A breach as a line. */
export function describeBreach({ rule, text }: Breach, event: Event): string {
  return `${rule}: ${event.type} of ${event.lockKey} ${text} (${event.id}${isFromWire(event) ? ', from the wire' : ''})`;
}
