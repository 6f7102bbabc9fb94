import {
  ForeignRecordError,
  holderLimits,
  parseHolder,
  type Granted,
  type Holder,
  type LockRecord,
  type LockState,
  type PastTurn,
  type Predecessor,
  type WaiterRecord,
} from '@lockscope/storage';
import { fromStoredText } from './stored-text.ts';
import { maxHolderLength } from './tables-sql.ts';

/** What a function of the schema answered, whatever is in it. */
export type Answer = Readonly<Record<string, unknown>>;

/** The JSON of an answer. Undefined when it is none. */
export function parseAnswer(text: unknown): Answer | undefined {
  const value = parseJson(text);
  return typeof value === 'object' && value !== null ? (value as Answer) : undefined;
}

/**
 * The record in an answer; undefined where there is none.
 * @throws {ForeignRecordError} when it is not one of Lockscope's.
 */
export function parseRecord(key: string, raw: unknown, operation: string): LockRecord | undefined {
  if (raw === null || raw === undefined) return undefined;
  const [leaseId, holderText, token, acquiredAt, expiresAt, share] = Array.isArray(raw) ? (raw as unknown[]) : [];
  const holder = parseHolderText(holderText);
  const shareable = share === null || share === undefined ? undefined : parseShare(share);
  const problems: string[] = [];
  if (typeof leaseId !== 'string' || leaseId === '') problems.push('its lease id is not a text');
  if (holder === undefined) problems.push('its holder cannot be read');
  if (!isNumber(token)) problems.push('its token is not a whole number above 0');
  if (!isNumber(acquiredAt) || !isNumber(expiresAt)) problems.push('its times are not numbers');
  if (Number.isNaN(shareable)) problems.push('how many may share it is not a number');
  if (problems.length > 0) throw foreign(key, operation, problems.join(', '));
  return Object.freeze({
    key,
    leaseId: fromStoredText(leaseId as string),
    holder: holder as Holder,
    fencingToken: token as number,
    acquiredAt: acquiredAt as number,
    expiresAt: expiresAt as number,
    ...(shareable !== undefined && { share: shareable }),
  });
}

export function foreign(key: string, operation: string, problem: string): ForeignRecordError {
  return new ForeignRecordError('postgres', operation, key, problem);
}

/** @throws {ForeignRecordError} when the record in it is not one of Lockscope's. */
export function parseGrant(key: string, answer: Answer, operation: string): Granted {
  const { g, p, w, t } = answer;
  const record = parseRecord(key, g ?? [], operation) as LockRecord;
  const waiting = isCount(w) ? w : undefined;
  const turns = parseTurns(answer);
  return { acquired: true, record, previous: parsePredecessor(p), waiting, ...turns, storageNow: Number(t) };
}

/** The past turns in an answer; nothing where it has none. What cannot be read is left out. */
export function parseTurns({ h, s }: Answer): { readonly turns?: readonly PastTurn[] } | undefined {
  if (!Array.isArray(h)) return undefined;
  const since = Number(s);
  return { turns: h.flatMap((text: unknown) => parseTurn(text) ?? []).filter(({ endedAt }) => endedAt >= since) };
}

function parseTurn(text: unknown): PastTurn | undefined {
  const raw = parseJson(text);
  const [holderText, fencingToken, acquiredAt, endedAt] = Array.isArray(raw) ? (raw as unknown[]) : [];
  const holder = parseHolderText(holderText);
  if (holder === undefined || !isNumber(fencingToken) || !isNumber(acquiredAt) || !isNumber(endedAt)) return undefined;
  return Object.freeze({ holder, fencingToken, acquiredAt, endedAt });
}

/** Who was there before, where that can still be read. */
export function parsePredecessor(text: unknown): Predecessor | undefined {
  const raw = parseJson(text);
  const [holderText, fencingToken, at, released] = Array.isArray(raw) ? (raw as unknown[]) : [];
  const holder = parseHolderText(holderText);
  if (holder === undefined || !isNumber(fencingToken) || !isNumber(at)) return undefined;
  return Object.freeze({ holder, fencingToken, ...(released === true ? { releasedAt: at } : { expiredAt: at }) });
}

/** @throws {ForeignRecordError} when one of the records is not one of Lockscope's. */
export function parseState(key: string, { h, q, t }: Answer, operation: string): LockState {
  const holders = (Array.isArray(h) ? (h as unknown[]) : []).map((raw) => parseRecord(key, raw ?? [], operation));
  const [record, ...sharers] = holders as LockRecord[];
  const waiters = (Array.isArray(q) ? (q as unknown[]) : []).flatMap(parseWaiter);
  return { record, ...(sharers.length > 0 && { sharers }), waiters, storageNow: Number(t) };
}

/** One who waits and those behind it. What cannot be read is left out. */
function parseWaiter(raw: unknown): WaiterRecord[] {
  const [stored, holderText, since, shareRaw, askedAt, behindText] = Array.isArray(raw) ? (raw as unknown[]) : [];
  const holder = parseHolderText(holderText);
  if (typeof stored !== 'string' || holder === undefined || !isNumber(since)) return [];
  const leaseId = fromStoredText(stored);
  const share = shareRaw === null || shareRaw === undefined ? undefined : parseShare(shareRaw);
  const shared = share === undefined || Number.isNaN(share) ? undefined : { share };
  const first: WaiterRecord = Object.freeze({ leaseId, holder, since, ...shared });
  const behind = parseJson(behindText);
  if (!Array.isArray(behind) || !isNumber(askedAt)) return [first];
  const others = behind.slice(0, maxBehind).flatMap((entry: unknown): WaiterRecord[] => {
    const [companion, waitedMs] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const whose = parseHolder(companion);
    if (whose === undefined || typeof waitedMs !== 'number' || !Number.isFinite(waitedMs)) return [];
    return [Object.freeze({ leaseId, holder: whose, since: askedAt - waitedMs, ...shared })];
  });
  return [first, ...others];
}

/** The most who are on record behind one waiter. */
export const maxBehind = 100;

/** The holder as it goes on record: what is too long is cut. */
export function recordedHolder(holder: Holder): Holder {
  const fits = Object.entries(holderLimits).every(
    ([field, limit]) => (holder[field as keyof typeof holderLimits] ?? '').length <= limit,
  );
  return fits ? holder : (parseHolder(holder) ?? holder);
}

function parseHolderText(text: unknown): Holder | undefined {
  return typeof text === 'string' && text.length <= maxHolderLength ? parseHolder(parseJson(text)) : undefined;
}

/** PostgreSQL writes infinity as a text. NaN when it is no number. */
function parseShare(raw: unknown): number {
  const share = raw === 'Infinity' ? Infinity : raw;
  return typeof share === 'number' && share >= 1 ? share : Number.NaN;
}

function parseJson(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
