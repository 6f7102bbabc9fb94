import {
  ForeignRecordError,
  holderLimits,
  parseHolder,
  type Companion,
  type Holder,
  type LockRecord,
  type PastTurn,
  type Predecessor,
  type WaiterRecord,
} from '@lockscope/storage';
import { fromWord } from './stored-text.ts';

const longest = 16_384;
const header = /^([\w.:%-]+) (\d{1,16}) (\+?\d{1,16}) (=|\d{1,16}) (-|inf|\d{1,16}) [\w-]+ /;
const pastHeader = /^([rx])(\d{1,16}) (\d{1,16}) (=|\d{1,16}) /;
const waiterHeader = /^(\d{1,16}) (\d{1,16}) (\d{1,16}) \d+ \d+ \d+ \d+ [0-5] (-|inf|\d{1,16}) [\w-]+ /;

/** What follows the token in a record that counts from the time in it. */
export function recordTail(leaseMs: number, share: number | undefined, instance: string, holder: Holder): string {
  return ` +${leaseMs} = ${shareText(share)} ${instance} ${JSON.stringify(holder)}`;
}

/** The time in a token that is no more than that: epoch milliseconds. */
export function timeOf(token: number): number {
  return Math.floor(token / 1000);
}

/** The holder as it goes on record: what is too long is cut. */
export function recordedHolder(holder: Holder): Holder {
  const fits =
    holder.ownerId.length <= holderLimits.ownerId &&
    (holder.host ?? '').length <= holderLimits.host &&
    (holder.service ?? '').length <= holderLimits.service &&
    (holder.operation ?? '').length <= holderLimits.operation &&
    (holder.traceparent ?? '').length <= holderLimits.traceparent;
  return fits ? holder : (parseHolder(holder) ?? holder);
}

/** Those who wait behind somebody, as it goes on record. */
export function companionsText(behind: readonly Companion[] | undefined): string {
  if (behind === undefined || behind.length === 0) return '';
  return JSON.stringify(
    behind.slice(0, 100).map(({ holder, waitedMs }) => [Math.round(waitedMs), recordedHolder(holder)]),
  );
}

/**
 * The record in a text: see `scripts/place.ts`.
 * @throws {ForeignRecordError} when it is not one of Lockscope's.
 */
export function parseRecord(key: string, text: unknown, operation: string): LockRecord {
  const record = tryRecord(key, text);
  if (record !== undefined) return record;
  throw new ForeignRecordError('redis', operation, key, 'its text cannot be read');
}

/** Whether a number that was read can be a token. */
export function isToken(number: number): boolean {
  return Number.isSafeInteger(number) && number > 0;
}

function tryRecord(key: string, text: unknown): LockRecord | undefined {
  if (typeof text !== 'string' || text.length > longest) return undefined;
  const match = header.exec(text);
  if (match === null) return undefined;
  const [start, lease = '', token, end = '', acquired, share] = match;
  const holder = parseHolder(parseJson(text.slice(start.length)));
  const fencingToken = Number(token);
  if (holder === undefined || !isToken(fencingToken)) return undefined;
  return Object.freeze({
    key,
    leaseId: fromWord(lease),
    holder,
    fencingToken,
    acquiredAt: acquired === '=' ? timeOf(fencingToken) : Number(acquired),
    expiresAt: end.startsWith('+') ? timeOf(fencingToken) + Number(end) : Number(end),
    ...parseShare(share),
  });
}

/** Who was there before, in a text of who had the lock. */
export function parsePredecessor(text: unknown): Predecessor | undefined {
  const past = parsePast(text);
  if (past === undefined) return undefined;
  const { holder, fencingToken, endedAt } = past.turn;
  return Object.freeze({ holder, fencingToken, ...(past.released ? { releasedAt: endedAt } : { expiredAt: endedAt }) });
}

/** The same, with when it began. */
export function parseTurn(text: string): PastTurn | undefined {
  return parsePast(text)?.turn;
}

/** `r<released at> <token> <acquired> <holder>` or `x<expired at> <token> <acquired> <holder>`. */
function parsePast(text: unknown): { readonly turn: PastTurn; readonly released: boolean } | undefined {
  if (typeof text !== 'string' || text.length > longest) return undefined;
  const match = pastHeader.exec(text);
  if (match === null) return undefined;
  const [start, how, at, token, acquired] = match;
  const holder = parseHolder(parseJson(text.slice(start.length)));
  const fencingToken = Number(token);
  if (holder === undefined || !isToken(fencingToken)) return undefined;
  const acquiredAt = acquired === '=' ? timeOf(fencingToken) : Number(acquired);
  return { turn: Object.freeze({ holder, fencingToken, acquiredAt, endedAt: Number(at) }), released: how === 'r' };
}

/** A waiter and those behind it, from its text. One that cannot be read is left out. */
export function parseWaiter(lease: unknown, text: unknown, now: number): WaiterRecord[] {
  if (typeof lease !== 'string' || typeof text !== 'string') return [];
  const match = waiterHeader.exec(text);
  if (match === null) return [];
  const [start, goneAt, since, askedAt, share] = match;
  const [own = '', others = ''] = text.slice(start.length).split('\n');
  const holder = parseHolder(parseJson(own));
  if (Number(goneAt) <= now || holder === undefined) return [];
  const common = { leaseId: fromWord(lease), ...parseShare(share) };
  const behind = parseCompanions(others, Number(askedAt));
  return [{ ...common, holder, since: Number(since) }, ...behind.map((one) => ({ ...common, ...one }))];
}

function parseCompanions(text: string, askedAt: number): Pick<WaiterRecord, 'holder' | 'since'>[] {
  const entries = text === '' ? [] : parseJson(text);
  if (!Array.isArray(entries)) return [];
  return entries.slice(0, 100).flatMap((entry: unknown) => {
    const [waitedMs, raw] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const holder = parseHolder(raw);
    if (typeof waitedMs !== 'number' || !Number.isFinite(waitedMs) || holder === undefined) return [];
    return [{ holder, since: askedAt - waitedMs }];
  });
}

/** How many may share, as one word; `-` for alone. */
export function shareText(share: number | undefined): string {
  if (share === undefined) return '-';
  return share === Infinity ? 'inf' : String(share);
}

function parseShare(word: string | undefined): { readonly share?: number } {
  if (word === undefined || word === '-') return {};
  return { share: word === 'inf' ? Infinity : Number(word) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
