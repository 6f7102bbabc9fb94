import type { WaitSegment, WaitSegmentKind } from '@lockscope/core';

import { durationText } from './duration-text.ts';
import { plainText } from './plain-text.ts';

const words: Readonly<Record<WaitSegmentKind, string>> = {
  held_by: 'held',
  handoff: 'handed over',
  backoff: 'asleep',
  store: 'storage',
  local_queue: 'queued here',
};

/** What a wait was spent on, the greatest part first: `held 1.61s, handed over 140ms`. */
export function segmentsText(segments: readonly WaitSegment[]): string {
  const spent = new Map<string, number>();
  for (const { kind, ms } of segments) spent.set(kind, (spent.get(kind) ?? 0) + ms);
  return [...spent]
    .toSorted(([, one], [, other]) => other - one)
    .map(
      ([kind, ms]) =>
        `${Object.hasOwn(words, kind) ? words[kind as WaitSegmentKind] : plainText(kind)} ${durationText(ms)}`,
    )
    .join(', ');
}
