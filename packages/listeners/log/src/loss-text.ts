import type { EventDetails, LossEvidence, RiskCause } from '@lockscope/core';

import { durationText } from './duration-text.ts';
import { holderText } from './holder-text.ts';
import { plainText } from './plain-text.ts';

/** A loop that was late by less is an ordinary busy process. */
const blockedLoopMs = 100;

/** A clock that is off by less is an ordinary clock. */
const farOffMs = 1000;

/** What brought a lease close to its end. */
export function riskText(cause: RiskCause, evidence: LossEvidence): string {
  const { eventLoopDelayMs, storageRoundTripMs, failedRenewals } = evidence;
  switch (cause) {
    case 'loop_blocked':
      return `event loop was blocked for ${durationText(eventLoopDelayMs)}`;
    case 'store_slow':
      return `the storage took ${durationText(storageRoundTripMs ?? Number.NaN)}`;
    case 'renew_failed':
      return `${failedRenewals} ${failedRenewals === 1 ? 'renewal' : 'renewals'} failed`;
    default:
      return plainText(cause);
  }
}

/** Why a lock was lost and what speaks for it, the telling facts first. */
export function lossText({ reason, evidence }: EventDetails['lease.lost']): string {
  const { eventLoopDelayMs, failedRenewals, renewalPending, gcMs, sinceConfirmedMs, storageRoundTripMs } = evidence;
  const { clockOffsetMs, successor } = evidence;
  const facts = [plainText(reason)];
  if (eventLoopDelayMs >= blockedLoopMs) facts.push(`event loop was blocked for ${durationText(eventLoopDelayMs)}`);
  if (gcMs !== undefined && gcMs >= blockedLoopMs) facts.push(`garbage collection took ${durationText(gcMs)}`);
  if (failedRenewals > 0) facts.push(`${failedRenewals} ${failedRenewals === 1 ? 'renewal' : 'renewals'} failed`);
  if (renewalPending && storageRoundTripMs !== undefined) {
    facts.push(`a renewal has had no answer for ${durationText(storageRoundTripMs)}`);
  }
  if (clockOffsetMs !== undefined && Math.abs(clockOffsetMs) >= farOffMs) {
    const where = clockOffsetMs > 0 ? 'ahead of' : 'behind';
    facts.push(`the storage's clock is ${durationText(Math.abs(clockOffsetMs))} ${where} this one`);
  }
  facts.push(`last confirmed ${durationText(sinceConfirmedMs)} before`);
  if (successor !== undefined) facts.push(`now held by ${holderText(successor)}`);
  return facts.join(', ');
}
