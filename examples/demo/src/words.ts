import type { PastWait, Totals, View, WaiterView } from '@lockscope/console';

/** What a fleet of locks is doing, in two short lines. */
export function statusLines({ totals, now }: View): readonly [string, string] {
  const { held, waiting, acquiresPerSecond, losses, takeOvers, longestWait } = totals;
  const longest = longestWait === undefined ? 'nobody waits' : `longest wait ${waitWords(longestWait, now)}`;
  const counts = `${held} held, ${waiting} waiting, ${acquiresPerSecond.toFixed(1)} acquires/s`;
  return [`${counts}, ${losses} lost, ${takeOvers} taken over`, longest];
}

export function waitWords(wait: WaiterView | PastWait, now: number): string {
  const ms = 'ms' in wait ? wait.ms : now - wait.since;
  const blocker = wait.blocker === undefined ? '' : `, blocked by ${wait.blocker.label}`;
  return `${seconds(ms)}: ${wait.process} for ${wait.key}${blocker}`;
}

/** What became of it all, for the end. */
export function summary(totals: Totals, ranMs: number, processes: { started: number; killed: number }): string {
  const { acquires, contended, gaveUp, losses, takeOvers, longestWaitEver, events, missed, malformed } = totals;
  const longest = longestWaitEver === undefined ? '' : `, the longest ${waitWords(longestWaitEver, 0)}`;
  const rows: readonly (readonly [string, string])[] = [
    ['acquires', String(acquires)],
    ['waits', `${contended}${longest}`],
    ['gave up', String(gaveUp)],
    ['losses', String(losses)],
    ['take-overs', String(takeOvers)],
    ['processes', `${processes.started} started, ${processes.killed} killed and replaced`],
    ['messages', `${events} heard, ${missed} lost on the way, ${malformed} not understood`],
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(11)} ${value}`);
  return [`After ${seconds(ranMs)}:`, ...lines].join('\n');
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
