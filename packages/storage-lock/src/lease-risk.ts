import type { RiskCause } from '@lockscope/core';

/** @internal A renewal that lands when so much of the lease has passed has come just in time. */
export const closeCall = 0.8;

/** @internal What the time since a lease was last confirmed was spent on, in milliseconds. */
export interface TimeSpent {
  /** The event loop was blocked. */
  readonly blockedMs: number;
  /** Renewals failed, one after the other. */
  readonly failingMs: number;
  /** The storage took its time for an answer, or has not given one. */
  readonly storeMs: number;
  /** The first question for more time was sent when more than a third of the lease had passed: so much more. */
  readonly askedLateMs: number;
}

/** @internal What brought a lease close to its end: the largest part of the time. */
export function causeOfRisk({ blockedMs, failingMs, storeMs, askedLateMs }: TimeSpent): RiskCause {
  const most = Math.max(blockedMs, failingMs, storeMs, askedLateMs);
  if (most === blockedMs) return 'loop_blocked';
  if (most === failingMs) return 'renew_failed';
  return most === storeMs ? 'store_slow' : 'asked_late';
}
