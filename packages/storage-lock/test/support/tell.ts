import type { Recorder, Told } from '@lockscope/testkit';

/**
 * What was told of one owner, a line each, without ids and times: an event as it starts, its actions, its outcome as it
 * ends, indented as deep as it is in its tree.
 */
export function tell({ told }: Recorder, ownerId?: string): string {
  const starts = new Map(told.flatMap((one) => (one.phase === 'start' ? [[one.event.id, one.event] as const] : [])));
  const depth = ({ event }: Told): number => {
    const parent = event.parentId === undefined ? undefined : starts.get(event.parentId);
    return parent === undefined ? 0 : 1 + depth({ phase: 'start', event: parent });
  };
  return told
    .filter(({ event }) => event.ownerId === ownerId)
    .map((one) => '  '.repeat(depth(one)) + line(one))
    .join('\n');
}

function line(told: Told): string {
  if (told.phase !== 'action') {
    const { type, outcome } = told.event;
    return told.phase === 'start' ? type : `${type}: ${outcome}`;
  }
  const { name, payload } = told.action;
  const facts = Object.entries(payload).filter(([, value]) => typeof value !== 'object');
  return [`- ${name}`, ...facts.map(([key, value]) => `${key}=${String(value)}`)].join(' ');
}
