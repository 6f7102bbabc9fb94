import { duration } from './duration.ts';
import type { HoldView, LockView, SpanView, WaitView } from './view.ts';

const ends: Readonly<Record<NonNullable<HoldView['end']>, string>> = {
  released: '',
  lost: ', then lost it',
  expired: ', then its lease ran out',
  failed: ', and could not give it back',
};

/** One possession or wait in a sentence. */
export function spanWords(span: SpanView, now: number): string {
  const who = span.operation === undefined ? span.process : `${span.process} (${span.operation})`;
  const length = duration((span.to ?? now) - span.from);
  if (span.kind === 'wait') return `${who} ${waitWords(span, length)}`;
  const token = span.token === undefined ? '' : `, token ${span.token}`;
  if (span.to === undefined) return `${who} has held it for ${length}${token}${overWords(span, now)}`;
  return `${who} held it for ${length}${token}${ends[span.end ?? 'released']}${overWords(span, now)}`;
}

function waitWords({ to, outcome, blockers }: WaitView, length: string): string {
  const names = [...new Set(blockers.map(({ label }) => label))];
  const shown = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} others`] : names;
  const forWhom = shown.length === 0 ? '' : `, for ${shown.join(', ')}`;
  if (to === undefined) return `has been waiting for ${length}${forWhom}`;
  if (outcome === 'acquired') return `waited ${length}${forWhom}`;
  return `waited ${length}${forWhom}, and did not get it: ${outcome ?? 'unknown'}`;
}

function overWords({ overFrom, to }: HoldView, now: number): string {
  return overFrom === undefined ? '' : `; its lease was over for ${duration((to ?? now) - overFrom)} of that`;
}

/** What a lane shows, for who cannot see it. */
export function laneWords(key: string, spans: Iterable<SpanView>, now: number): string {
  let holds = 0;
  let waits = 0;
  let losses = 0;
  let longest = 0;
  for (const span of spans) {
    if (span.kind === 'hold') {
      holds += 1;
      if (span.end === 'lost' || span.overFrom !== undefined) losses += 1;
    } else {
      waits += 1;
      longest = Math.max(longest, (span.to ?? now) - span.from);
    }
  }
  const longestWords = waits === 0 ? '' : `, the longest ${duration(longest)}`;
  const lossWords = losses === 0 ? '' : `, ${losses} lost`;
  return `The last minute of ${key}: held ${holds} times, ${waits} waits${longestWords}${lossWords}`;
}

/** How it stands with the lease of a holder; empty when there is nothing to say. */
export function leaseWords({ holder, expectedHoldMs }: LockView, now: number): { text: string; alarm: boolean } {
  if (holder === undefined) return { text: '', alarm: false };
  const left = holder.leaseEnd === undefined ? undefined : holder.leaseEnd - now;
  if (holder.gone !== undefined) {
    const lease = left === undefined || left <= 0 ? 'lease over' : `lease ends in ${duration(left)}`;
    return { text: `holder gone, ${lease}`, alarm: true };
  }
  if (left !== undefined && left <= 0) return { text: `lease over for ${duration(-left)}`, alarm: true };
  if (holder.suspect === true) return { text: `renewals fail, lease ends in ${duration(left ?? 0)}`, alarm: true };
  const heldMs = now - holder.since;
  if (expectedHoldMs !== undefined && heldMs > expectedHoldMs)
    return { text: `${duration(expectedHoldMs)} expected`, alarm: false };
  return { text: '', alarm: false };
}
