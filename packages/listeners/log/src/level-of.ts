import type { Event } from '@lockscope/core';

import type { LogLevel } from './log-options.ts';

/** What is long, in milliseconds. */
export interface Thresholds {
  readonly longWaitMs: number;
  readonly longHoldMs: number;
}

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Whether a line of this level is wanted where `least` is the least that is. */
export function matters(level: LogLevel, least: LogLevel): boolean {
  return rank[level] >= rank[least];
}

/** How much an event that has ended matters. Contention is not failure: only a long wait or one in vain is a warning. */
export function levelOf(event: Event, { longWaitMs, longHoldMs }: Thresholds): LogLevel {
  switch (event.outcome) {
    case 'lost':
      return event.type === 'lease.renew' ? 'warn' : 'error';
    case 'deadlock':
      return 'error';
    case 'timeout':
    case 'release_failed':
    case 'failed':
    case 'forced':
      return 'warn';
    case 'error':
      return event.type === 'lock' || event.type === 'lock.acquire' ? 'error' : 'warn';
    case 'acquired':
    case 'released':
      return isLong(event, longWaitMs, longHoldMs) ? 'warn' : 'debug';
    default:
      return 'debug';
  }
}

function isLong(event: Event, longWaitMs: number, longHoldMs: number): boolean {
  if (event.type !== 'lock' && event.type !== 'lock.acquire') return false;
  const { details } = event;
  if (details === undefined) return false;
  if (details.contended && details.waitMs >= longWaitMs) return true;
  return 'holdMs' in details && details.holdMs !== undefined && details.holdMs >= longHoldMs;
}
