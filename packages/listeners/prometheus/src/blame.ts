import type { Action, Blocker } from '@lockscope/core';

/** The time in which nobody had the lock and the waiter did not know it yet. */
export const handoffBlocker = '_handoff';

/** Part of a wait, charged to what the holder was doing at that time. */
export interface Charge {
  readonly operation: unknown;
  readonly ms: number;
}

/**
 * Splits a wait among those who caused it. Up to the first change of holder it is charged to the first that was seen,
 * from then on to the next, and the end of it, where the storage told for how long the lock had been free, to
 * `_handoff`. The parts add up to `waitMs`.
 */
export function splitBlame(actions: readonly Action[], startedAt: number, waitMs: number, last?: Blocker): Charge[] {
  const holders: { readonly operation: unknown; readonly from: number }[] = [];
  let handoffMs = 0;
  for (const action of actions) {
    if (action.name === 'acquire.contended' || action.name === 'acquire.blocker_changed') {
      holders.push({
        operation: operationOf(action.payload.blocker),
        from: action.startedAt - startedAt,
      });
    } else if (action.name === 'acquire.handed_over') {
      handoffMs = within(action.payload.handoffMs ?? 0, 0, waitMs);
    }
  }
  if (holders.length === 0) holders.push({ operation: operationOf(last), from: 0 });
  const heldMs = waitMs - handoffMs;
  const charges: Charge[] = [];
  let begin = 0;
  holders.forEach(({ operation }, index) => {
    const next = holders[index + 1];
    const end = next === undefined ? heldMs : within(next.from, begin, heldMs);
    if (end > begin) charges.push({ operation, ms: end - begin });
    begin = end;
  });
  if (handoffMs > 0) charges.push({ operation: handoffBlocker, ms: handoffMs });
  return charges;
}

function operationOf(blocker: Blocker | undefined): unknown {
  return blocker?.operation;
}

function within(value: number, least: number, most: number): number {
  return value > least ? Math.min(value, most) : least;
}
