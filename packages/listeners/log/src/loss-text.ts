import type { EventDetails } from '@lockscope/core';

import { durationText } from './duration-text.ts';
import { holderText } from './holder-text.ts';
import { plainText } from './plain-text.ts';

/** A loop that was late by less is an ordinary busy process. */
const blockedLoopMs = 100;

/** Why a lock was lost and what speaks for it, the telling facts first. */
export function lossText({ reason, evidence }: EventDetails['lease.lost']): string {
  const { eventLoopDelayMs, failedRenewals, renewalPending, gcMs, sinceConfirmedMs, storageRoundTripMs, successor } =
    evidence;
  const facts = [plainText(reason)];
  if (eventLoopDelayMs >= blockedLoopMs) facts.push(`event loop was blocked for ${durationText(eventLoopDelayMs)}`);
  if (gcMs !== undefined && gcMs >= blockedLoopMs) facts.push(`garbage collection took ${durationText(gcMs)}`);
  if (failedRenewals > 0) facts.push(`${failedRenewals} ${failedRenewals === 1 ? 'renewal' : 'renewals'} failed`);
  if (renewalPending && storageRoundTripMs !== undefined) {
    facts.push(`a renewal has had no answer for ${durationText(storageRoundTripMs)}`);
  }
  facts.push(`last confirmed ${durationText(sinceConfirmedMs)} before`);
  if (successor !== undefined) facts.push(`now held by ${holderText(successor)}`);
  return facts.join(', ');
}
