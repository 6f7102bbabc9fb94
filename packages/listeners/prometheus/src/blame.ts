import { pseudoBlockers, type WaitSegment, type WaitSegmentKind } from '@lockscope/core';

/** Part of a wait, charged to what the holder was doing at that time, or to what the waiter waited for instead. */
export interface Charge {
  readonly operation: unknown;
  readonly ms: number;
}

const waitedForInstead: Readonly<Partial<Record<WaitSegmentKind, string>>> = pseudoBlockers;

/** Charges each part of a wait to who caused it. The charges add up to `waitMs`, whatever the parts say. */
export function splitBlame(parts: readonly WaitSegment[], waitMs: number): Charge[] {
  const charges: Charge[] = [];
  let left = waitMs;
  parts.forEach(({ kind, ms, blocker }, index) => {
    const charged = index === parts.length - 1 ? left : Math.min(ms > 0 ? ms : 0, left);
    left -= charged;
    if (charged > 0) charges.push({ operation: waitedForInstead[kind] ?? blocker?.operation, ms: charged });
  });
  return charges;
}
