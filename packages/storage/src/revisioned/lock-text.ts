import { parseHolder } from '../holder.ts';
import { mostTurns, type Companion, type PastTurn, type Predecessor } from '../lock-storage.ts';
import type { LockRecord } from '../record.ts';
import { Place, maxBehind, tokensPerRevision, type Forced, type Held, type Waiting } from './place.ts';

/** Names the format, so that a text of something else is told apart. */
const format = 1;

/** How far the writer's idea of the server's time may lie before and behind the server's stamp to be taken for it. */
export const claimTolerance = { early: 1000, late: 100 } as const;

/** Where a text stands: the revision, the stamp that the server gave it, and from where the tokens of its bucket count. */
export interface Revision {
  readonly seq: number;
  /** Epoch milliseconds; undefined when it has just been written and was not read back. */
  readonly stamp: number | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** The text of a place. `base` is from where the tokens count when it is stored. */
export function formatPlace(place: Place, base: number): string {
  const { holders, waiters, forced, previous, floor, turns, ended } = place;
  return JSON.stringify({
    lockscope: format,
    base,
    ...(floor > 0 && { floor }),
    holders: holders.map(formatHeld),
    ...(waiters.length > 0 && { waiters: waiters.map((one) => ({ ...one, share: shareText(one.share) })) }),
    ...(forced.length > 0 && { forced }),
    ...(!place.isUnused && { previous }),
    ...(turns.length > 0 && { turns }),
    ...([...holders, ...waiters].some(({ after }) => after !== undefined) && { ended }),
  });
}

function formatHeld({ record, end, news, after, fresh }: Held): Fields {
  const { leaseId, holder, fencingToken, acquiredAt, expiresAt, share } = record;
  const who = { leaseId, holder, share: shareText(share), news, after };
  if (fresh === undefined) return { ...who, fencingToken, acquiredAt, expiresAt, end };
  const { from, leaseMs, by, token } = fresh;
  if (token === undefined) return { ...who, fencingToken, acquiredAt, from, leaseMs, by };
  const { above, spare } = token;
  return { ...who, from, leaseMs, ...(above > 0 && { above }), ...(spare > 0 && { spare }) };
}

/**
 * Reads a text; gives what is wrong with it when it is not one of Lockscope's. A lease that began with this revision
 * runs from the server's stamp, and a possession that began with it has a token made of the revision's number.
 */
export function parsePlace(key: string, text: string, { seq, stamp }: Revision): Place | string {
  const raw = fieldsOf(parseJson(text));
  if (raw?.['lockscope'] !== format) return `it has no "lockscope": ${format}`;
  const { base, floor = 0, holders, waiters = [], forced = [], turns = [], ended = 0 } = raw;
  if (!isToken(base) || !isToken(floor)) return 'the start of its tokens is not a whole number';
  if (!Array.isArray(holders) || !Array.isArray(waiters) || !Array.isArray(forced)) return 'it has no list of holders';
  const place = new Place();
  place.floor = floor;
  let next = Math.max(base + seq * tokensPerRevision, floor + 1);
  const held: Held[] = [];
  for (const one of holders) {
    const parsed = parseHeld(key, fieldsOf(one), stamp, next);
    if (parsed === undefined) return 'one of its holders cannot be read';
    held.push(parsed.held);
    next = Math.max(next, parsed.next);
    place.floor = Math.max(place.floor, parsed.next - 1);
  }
  place.holders = held;
  const parsedWaiters = waiters.map((one) => parseWaiting(fieldsOf(one)));
  if (parsedWaiters.some((one) => one === undefined)) return 'one of its waiters cannot be read';
  place.waiters = parsedWaiters as Waiting[];
  place.forced = forced.flatMap((one) => parseForced(fieldsOf(one)) ?? []);
  place.previous = parsePredecessor(fieldsOf(raw['previous']));
  if (Array.isArray(turns)) place.turns = turns.slice(-mostTurns).flatMap((one) => parseTurn(fieldsOf(one)) ?? []);
  place.ended = isToken(ended) ? ended : 0;
  return place;
}

/** `next` is the token of a possession that begins here; gives what the one after it would get. */
function parseHeld(
  key: string,
  raw: Fields | undefined,
  stamp: number | undefined,
  next: number,
): { held: Held; next: number } | undefined {
  const holder = parseHolder(raw?.['holder']);
  if (raw === undefined || holder === undefined) return undefined;
  const { leaseId, news, end, from, leaseMs, above = 0, spare = 0 } = raw;
  const after = parseCount(raw['after']);
  const share = parseShare(raw['share']);
  if (typeof leaseId !== 'string' || share === null || !isText(news)) return undefined;
  const shared = share === undefined ? undefined : { share };
  const isNew = raw['fencingToken'] === undefined;
  if (!isToken(above) || !isToken(spare)) return undefined;
  const fencingToken = isNew ? Math.max(next, above + 1) : raw['fencingToken'];
  if (!isToken(fencingToken) || fencingToken === 0) return undefined;
  const following = fencingToken + (isNew ? spare : 0) + 1;
  if (!isToken(following)) return undefined;
  const who = { key, leaseId, holder, fencingToken };
  if (end !== undefined) {
    const { acquiredAt, expiresAt } = raw;
    if (!isTime(end) || !isTime(acquiredAt) || !isTime(expiresAt)) return undefined;
    return {
      held: { record: Object.freeze({ ...who, acquiredAt, expiresAt, ...shared }), end, news, after },
      next: following,
    };
  }
  const { by } = raw;
  if (!isTime(from) || !isTime(leaseMs) || !(by === undefined || isTime(by))) return undefined;
  const lease = beginLease(from, leaseMs, by, stamp);
  const acquiredAt = isNew ? lease.begin : raw['acquiredAt'];
  if (!isTime(acquiredAt)) return undefined;
  const record: LockRecord = Object.freeze({ ...who, acquiredAt, expiresAt: lease.expiresAt, ...shared });
  return { held: { record, end: lease.end, news, after }, next: following };
}

/**
 * The lease that a revision began. It is shown with the times that its writer took for the server's, when they are
 * near enough, so that the writer need not read its revision back; others may have the lock only when it is over by
 * the server's own stamp. A renewal that was stored after the end of the lease changes nothing.
 */
function beginLease(
  from: number,
  leaseMs: number,
  by: number | undefined,
  stamp: number | undefined,
): { begin: number; expiresAt: number; end: number | undefined } {
  if (stamp === undefined) return { begin: from, expiresAt: from + leaseMs, end: undefined };
  if (by !== undefined && stamp > by) return { begin: from, expiresAt: by, end: by };
  const near = stamp - from <= claimTolerance.early && from - stamp <= claimTolerance.late;
  const begin = near ? from : Math.round(stamp);
  return { begin, expiresAt: begin + leaseMs, end: Math.max(begin, stamp) + leaseMs };
}

function parseWaiting(raw: Fields | undefined): Waiting | undefined {
  const holder = parseHolder(raw?.['holder']);
  if (raw === undefined || holder === undefined) return undefined;
  const { leaseId, since, askedAt, goneAt, leaseMs, claimMs, spare, above, news, behind } = raw;
  const share = parseShare(raw['share']);
  if (typeof leaseId !== 'string' || share === null || !isText(news)) return undefined;
  if (!isTime(since) || !isTime(askedAt) || !isTime(goneAt) || !isTime(leaseMs)) return undefined;
  if (!(claimMs === undefined || isTime(claimMs))) return undefined;
  if (!(spare === undefined || isToken(spare)) || !(above === undefined || isToken(above))) return undefined;
  const companions = Array.isArray(behind)
    ? behind.slice(0, maxBehind).flatMap((one) => parseCompanion(fieldsOf(one)) ?? [])
    : undefined;
  const after = parseCount(raw['after']);
  const asks = { leaseMs, claimMs, share, spare, above, news, after, behind: companions };
  return { leaseId, holder, since, askedAt, goneAt, ...asks };
}

function parseCompanion(raw: Fields | undefined): Companion | undefined {
  const holder = parseHolder(raw?.['holder']);
  const waitedMs = raw?.['waitedMs'];
  return holder === undefined || !isTime(waitedMs) ? undefined : { holder, waitedMs };
}

function parseForced(raw: Fields | undefined): Forced | undefined {
  const { leaseId, until } = raw ?? {};
  return typeof leaseId === 'string' && isTime(until) ? { leaseId, until } : undefined;
}

function parsePredecessor(raw: Fields | undefined): Predecessor | undefined {
  const holder = parseHolder(raw?.['holder']);
  const { fencingToken, releasedAt, expiredAt } = raw ?? {};
  if (holder === undefined || !isToken(fencingToken)) return undefined;
  if (isTime(releasedAt)) return Object.freeze({ holder, fencingToken, releasedAt });
  return isTime(expiredAt) ? Object.freeze({ holder, fencingToken, expiredAt }) : undefined;
}

function parseTurn(raw: Fields | undefined): PastTurn | undefined {
  const holder = parseHolder(raw?.['holder']);
  const { fencingToken, acquiredAt, endedAt } = raw ?? {};
  if (holder === undefined || !isToken(fencingToken) || !isTime(acquiredAt) || !isTime(endedAt)) return undefined;
  return Object.freeze({ holder, fencingToken, acquiredAt, endedAt });
}

/** JSON has no Infinity: as many as like. */
function shareText(share: number | undefined): number | 'all' | undefined {
  return share === Infinity ? 'all' : share;
}

/** Null when it is none. */
function parseShare(value: unknown): number | undefined | null {
  if (value === undefined) return undefined;
  if (value === 'all') return Infinity;
  return typeof value === 'number' && value >= 1 ? value : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}

function isText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function parseCount(value: unknown): number | undefined {
  return isToken(value) ? value : undefined;
}

/** A whole number that has a successor. */
function isToken(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && value !== Number.MAX_SAFE_INTEGER;
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value);
}
