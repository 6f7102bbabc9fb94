import { isTraceparent, type Action, type Blocker, type EventOf, type WaitSegment } from '@lockscope/core';

type Acquire = EventOf<'lock.acquire'>;

/** What a contended wait was spent on, oldest first. */
export function waitParts(event: Acquire, details: Acquire['details'], waitMs: number): readonly WaitSegment[] {
  const segments: unknown = details?.segments;
  // Records of other processes are told as they are.
  if (Array.isArray(segments) && segments.length > 0) return segments as readonly WaitSegment[];
  return partsOfActions(event.actions, event.startedAt, waitMs, details?.blocker);
}

/** For how long the lock was free meanwhile, in milliseconds; undefined where nobody told. */
export function handoffOf(parts: readonly WaitSegment[], actions: () => readonly Action[]): number | undefined {
  let told: number | undefined;
  for (const { kind, ms } of parts) if (kind === 'handoff') told = (told ?? 0) + ms;
  if (told !== undefined) return told;
  for (const action of actions()) if (action.name === 'acquire.handed_over') return action.payload.handoffMs;
  return undefined;
}

/** The trace of the holder that was waited for last, as far as it is known. */
export function blockerTrace(parts: readonly WaitSegment[]): string | undefined {
  const traced = parts.findLast(({ kind, blocker }) => kind === 'held_by' && isTraceparent(blocker?.traceparent));
  return traced?.blocker?.traceparent;
}

/**
 * For a process that does not tell the parts of its waits: up to the first change of holder it waited for the first
 * that was seen, from then on for the next, and at the end, where the storage told for how long the lock had been
 * free, for nobody.
 */
function partsOfActions(
  actions: readonly Action[],
  startedAt: number,
  waitMs: number,
  last: Blocker | undefined,
): WaitSegment[] {
  const holders: { readonly blocker: Blocker | undefined; readonly from: number }[] = [];
  let handoffMs = 0;
  for (const action of actions) {
    if (action.name === 'acquire.contended' || action.name === 'acquire.blocker_changed') {
      holders.push({ blocker: action.payload.blocker, from: action.startedAt - startedAt });
    } else if (action.name === 'acquire.handed_over') {
      handoffMs = within(action.payload.handoffMs ?? 0, 0, waitMs);
    }
  }
  if (holders.length === 0) holders.push({ blocker: last, from: 0 });
  const heldMs = waitMs - handoffMs;
  let begin = 0;
  const parts = holders.map(({ blocker }, index): WaitSegment => {
    const next = holders[index + 1];
    const end = next === undefined ? heldMs : within(next.from, begin, heldMs);
    const ms = end - begin;
    begin = end;
    return { kind: 'held_by', ms, ...(blocker !== undefined && { blocker }) };
  });
  if (handoffMs > 0) parts.push({ kind: 'handoff', ms: handoffMs });
  return parts;
}

function within(value: number, least: number, most: number): number {
  return value > least ? Math.min(value, most) : least;
}
