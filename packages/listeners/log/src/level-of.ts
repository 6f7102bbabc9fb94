import type { Event } from '@lockscope/core';

import type { LogLevel } from './log-options.ts';

/** What is long, in milliseconds. */
export interface Lengths {
  readonly longWaitMs: number;
  readonly longHoldMs: number;
}

/** What is long, and what of it is different for some lock names. */
export interface Thresholds extends Lengths {
  readonly names: Readonly<Record<string, Partial<Lengths>>>;
}

/** What is long for locks of this name. */
export function lengthsFor({ longWaitMs, longHoldMs, names }: Thresholds, lockName: string): Lengths {
  const own = Object.hasOwn(names, lockName) ? names[lockName] : undefined;
  return { longWaitMs: own?.longWaitMs ?? longWaitMs, longHoldMs: own?.longHoldMs ?? longHoldMs };
}

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Whether a line of this level is wanted where `least` is the least that is. */
export function matters(level: LogLevel, least: LogLevel): boolean {
  return rank[level] >= rank[least];
}

/** How much an event that has ended matters. Contention is not failure: only a long wait or one in vain is a warning. */
export function levelOf(event: Event, thresholds: Thresholds): LogLevel {
  switch (event.outcome) {
    case 'lost':
      return event.type === 'lease.renew' ? 'warn' : 'error';
    case 'deadlock':
    case 'rejected':
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
      return isLong(event, lengthsFor(thresholds, event.lockName)) ? 'warn' : 'debug';
    default:
      return 'debug';
  }
}

function isLong(event: Event, { longWaitMs, longHoldMs }: Lengths): boolean {
  if (event.type !== 'lock' && event.type !== 'lock.acquire') return false;
  const { details } = event;
  if (details === undefined) return false;
  if (details.contended && details.waitMs >= longWaitMs) return true;
  return 'holdMs' in details && details.holdMs !== undefined && details.holdMs >= longHoldMs;
}
