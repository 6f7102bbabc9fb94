import { parseHolder, type AcquireRequest, type Holder, type LockRecord, type Predecessor } from '@lockscope/storage';
import type { Moment } from './moment.ts';

/** What the folder keeps for one key: its last possession, over or not. Times are those of a run of a clock. */
export interface KeyState {
  readonly key: string;
  /** The run of the clock that the times count in. */
  readonly run: string;
  /** What a time is to be added to for an epoch time. */
  readonly startedAt: number;
  readonly token: number;
  /** The greatest token that was given or kept free. */
  readonly tokens: number;
  readonly leaseId: string;
  readonly holder: Holder;
  readonly acquiredAt: number;
  readonly endsAt: number;
  readonly releasedAt?: number;
  /** Leases that were taken away by force, until they would have ended. */
  readonly forced?: readonly ForcedLease[];
  /** In epoch times. */
  readonly previous?: Predecessor;
}

/** A lease that was taken away. */
export interface ForcedLease {
  readonly leaseId: string;
  readonly endsAt: number;
}

/** The tokens of a lost record's key, which its marker tells. */
export interface LostState {
  readonly tokens: number;
}

/** Power can fail after a token was given and before it was on disk: so many are skipped after a new start. */
const skippedTokens = 2 ** 20;
const maxForced = 8;

/** Whether somebody has the lock, by a state of this run. */
export function isHeld(state: KeyState, { now, run, toleranceMs }: Moment): boolean {
  if (state.releasedAt !== undefined) return false;
  // Where runs have no names, a time that has not come yet is one of an earlier run.
  if (run === '' && state.acquiredAt > now) return false;
  return now < state.endsAt + toleranceMs;
}

/** A new possession. */
export function take(
  before: KeyState | LostState | undefined,
  { key, leaseId, leaseMs, holder, spareTokens = 0, tokenAbove = 0 }: AcquireRequest,
  moment: Moment,
): KeyState {
  const known = before !== undefined && 'key' in before ? before : undefined;
  const startsAnew = before !== undefined && (known === undefined || known.run !== moment.run);
  const token = Math.max((before?.tokens ?? 0) + (startsAnew ? skippedTokens : 0), tokenAbove) + 1;
  const previous = known === undefined ? undefined : predecessorOf(known);
  const forced = startsAnew ? [] : (known?.forced ?? []).filter(({ endsAt }) => endsAt > moment.now);
  return {
    key,
    run: moment.run,
    startedAt: moment.startedAt,
    token,
    tokens: token + spareTokens,
    leaseId,
    holder: parseHolder(holder) ?? holder,
    acquiredAt: moment.now,
    endsAt: moment.now + leaseMs,
    ...(forced.length > 0 && { forced }),
    ...(previous !== undefined && { previous }),
  };
}

/** Taken away from who has it. */
export function force(held: KeyState, { now }: Moment): KeyState {
  const { leaseId, endsAt, forced = [] } = held;
  return { ...held, releasedAt: now, forced: [...forced, { leaseId, endsAt }].slice(-maxForced) };
}

/** The record that others see. */
export function recordOf(state: KeyState): LockRecord {
  const { key, leaseId, holder, token, acquiredAt, endsAt, startedAt } = state;
  return Object.freeze({
    key,
    leaseId,
    holder,
    fencingToken: token,
    acquiredAt: startedAt + acquiredAt,
    expiresAt: startedAt + endsAt,
  });
}

function predecessorOf({ holder, token, startedAt, releasedAt, endsAt }: KeyState): Predecessor {
  const fencingToken = token;
  if (releasedAt !== undefined) return Object.freeze({ holder, fencingToken, releasedAt: startedAt + releasedAt });
  return Object.freeze({ holder, fencingToken, expiredAt: startedAt + endsAt });
}
