import { parseHolder } from './holder.ts';
import type { Predecessor } from './lock-storage.ts';
import type { LockRecord } from './record.ts';

/** What the text of a versioned record says: the last possession of the key, and what came before it. */
export interface VersionedState {
  readonly record: LockRecord;
  /** The greatest token that was given or kept free: the next possession's is greater. */
  readonly tokens: number;
  /** When it was given back; the record stays, for its token. */
  readonly releasedAt: number | undefined;
  readonly previous: Predecessor | undefined;
  /** The lease that the lock was last taken away from by force. */
  readonly forced?: string | undefined;
}

/** Names the format, so that a text of something else is told apart. */
const format = 1;

/** Whether somebody has the lock at `now`. */
export function isHeld({ record, releasedAt }: VersionedState, now: number): boolean {
  return releasedAt === undefined && record.expiresAt > now;
}

/** How a state that nobody holds looks to who comes next. */
export function predecessorOf({ record, releasedAt }: VersionedState): Predecessor {
  const { holder, fencingToken, expiresAt } = record;
  return Object.freeze({
    holder,
    fencingToken,
    ...(releasedAt === undefined ? { expiredAt: expiresAt } : { releasedAt }),
  });
}

/** The text of a state. The key is not in it: it stands beside it. */
export function formatState({ record, tokens, releasedAt, previous, forced }: VersionedState): string {
  const { leaseId, holder, fencingToken, acquiredAt, expiresAt } = record;
  return JSON.stringify({
    lockscope: format,
    fencingToken,
    ...(tokens > fencingToken && { tokens }),
    leaseId,
    holder,
    acquiredAt,
    expiresAt,
    releasedAt,
    previous,
    forced,
  });
}

/** Reads a text back; gives what is wrong with it when it is not one of Lockscope's. */
export function parseState(key: string, text: string): VersionedState | string {
  const raw = fieldsOf(parseJson(text));
  if (raw?.['lockscope'] !== format) return `it has no "lockscope": ${format}`;
  const { leaseId, fencingToken, tokens = fencingToken, acquiredAt, expiresAt, releasedAt } = raw;
  const holder = parseHolder(raw['holder']);
  if (holder === undefined) return 'its holder cannot be read';
  if (!isCount(fencingToken)) return 'its token is not a whole number above 0';
  if (!isCount(tokens) || tokens < fencingToken)
    return 'its greatest token is not a whole number, or less than its token';
  if (typeof leaseId !== 'string') return 'its lease id is not a text';
  if (!isTime(acquiredAt) || !isTime(expiresAt)) return 'its times are not numbers';
  if (releasedAt !== undefined && !isTime(releasedAt)) return 'the time of its release is not a number';
  const record = Object.freeze({ key, leaseId, holder, fencingToken, acquiredAt, expiresAt });
  const forced = typeof raw['forced'] === 'string' ? { forced: raw['forced'] } : undefined;
  return { record, tokens, releasedAt, previous: parsePredecessor(raw['previous']), ...forced };
}

function parsePredecessor(value: unknown): Predecessor | undefined {
  const raw = fieldsOf(value);
  const holder = parseHolder(raw?.['holder']);
  const { fencingToken, releasedAt, expiredAt } = raw ?? {};
  if (holder === undefined || !isCount(fencingToken)) return undefined;
  if (isTime(releasedAt)) return Object.freeze({ holder, fencingToken, releasedAt });
  return isTime(expiredAt) ? Object.freeze({ holder, fencingToken, expiredAt }) : undefined;
}

function parseJson(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}

/** Whether it is a whole number above 0 that has a successor: a token, a version. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && value !== Number.MAX_SAFE_INTEGER;
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value);
}
