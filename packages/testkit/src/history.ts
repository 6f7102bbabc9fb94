import type { Action, Event } from '@lockscope/core';

/** One thing that a listener was told, as it was at that moment; frozen plain data. */
export type Told =
  | { readonly phase: 'start' | 'end'; readonly event: Event }
  | { readonly phase: 'action'; readonly event: Event; readonly action: Action };

/** What was told, a line each, in the order in which it was told: for the message of a test that fails. */
export function describeHistory(history: readonly Told[]): string {
  const [first] = history;
  const origin = first === undefined ? 0 : momentOf(first);
  const depths = new Map<string, number>();
  return history.map((told) => line(told, origin, depths)).join('\n');
}

function momentOf(told: Told): number {
  if (told.phase === 'action') return told.action.endedAt ?? told.action.startedAt;
  return told.phase === 'end' ? (told.event.endedAt ?? told.event.startedAt) : told.event.startedAt;
}

function line(told: Told, origin: number, depths: Map<string, number>): string {
  const { event, phase } = told;
  const depth = event.parentId === undefined ? 0 : (depths.get(event.parentId) ?? 0) + 1;
  depths.set(event.id, depth);
  const at = `${(momentOf(told) - origin).toFixed(3)} ms`.padStart(14);
  const what = phase === 'action' ? `· ${told.action.name}` : `${phase} ${event.type}`;
  const how = phase === 'end' ? ` ${event.outcome ?? 'without an outcome'}` : '';
  const why = phase === 'end' && event.error !== undefined ? ` (${event.error.name}: ${event.error.message})` : '';
  return `${at}  ${'  '.repeat(depth)}${what}${how}${why}  ${event.lockKey} ${event.id}`;
}
