import {
  mostTurns,
  type AcquireRequest,
  type AcquireResult,
  type LeaseNews,
  type LockRecord,
  type PastTurn,
} from '@lockscope/storage';
import type { KeyNames } from './key-names.ts';
import type { Message, NewsReader } from './news.ts';
import {
  companionsText,
  isToken,
  parsePredecessor,
  parseTurn,
  parseRecord,
  recordedHolder,
  recordTail,
  timeOf,
} from './record-text.ts';
import { graceMs } from './scripts/place.ts';
import { fromWord, toWord } from './stored-text.ts';

/** Some thirty years: times in records stay whole numbers of thirteen digits. */
const longestMs = 1e12;

/** A request as it goes on record: whole milliseconds, no text that is too long. */
export function recordedRequest(request: AcquireRequest): AcquireRequest {
  const holder = recordedHolder(request.holder);
  const leaseMs = wholeMs(request.leaseMs);
  return holder === request.holder && leaseMs === request.leaseMs ? request : { ...request, holder, leaseMs };
}

/** A span of time as the scripts count. */
export function wholeMs(ms: number): number {
  return Math.min(Math.ceil(ms), longestMs);
}

/**
 * What the script of an attempt wants to know. `told`: whether a message to the waiter arrives, see `scripts/place.ts`. `inLine`: it waits
 * already, so a free lock may be another's turn.
 */
export function acquireArguments(request: AcquireRequest, instance: string, told: number, inLine: boolean): string[] {
  const { leaseId, leaseMs, holder, share, spareTokens = 0, waitMs, claimMs = leaseMs, tokenAbove = 0 } = request;
  const tail = recordTail(leaseMs, share, instance, holder);
  const args = [`${toWord(leaseId)} `, tail, String(leaseMs + graceMs), String(spareTokens)];
  const looks = inLine || share !== undefined || tokenAbove > 0;
  if (waitMs === undefined && !looks) return args;
  const wait = waitMs === undefined ? '-' : wholeMs(waitMs);
  const claim = wholeMs(Math.min(claimMs, leaseMs));
  const asks = `${leaseMs} ${claim} ${spareTokens} ${tokenAbove} ${told + (request.turns === true ? 3 : 0)}`;
  args.push(`${wait} ${wholeMs(request.waitedMs ?? 0)} ${asks}\n${companionsText(request.behind)}`);
  if (looks) args.push('look');
  return args;
}

/** What the script said to an attempt. */
export function readAcquired(reply: unknown, request: AcquireRequest): AcquireResult {
  if (!Array.isArray(reply)) {
    const fencingToken = Number(reply);
    const now = timeOf(fencingToken);
    const record = recordOf(request, fencingToken, now, now + request.leaseMs);
    return { acquired: true, record, previous: undefined, storageNow: now };
  }
  if (Number(reply[0]) === 1) {
    const [, token, acquiredAt, expiresAt, waiting, past, now, lines] = reply as unknown[];
    const record = recordOf(request, Number(token), Number(acquiredAt), Number(expiresAt));
    const known = { ...(typeof waiting === 'number' && { waiting }), ...turnsIn(lines) };
    return { acquired: true, record, previous: parsePredecessor(past), ...known, storageNow: Number(now) };
  }
  const [, text, ahead, now, lines] = reply as unknown[];
  const record = text === null ? undefined : parseRecord(request.key, text, 'acquire');
  return { acquired: false, record, ahead: Number(ahead), ...turnsIn(lines), storageNow: Number(now) };
}

function turnsIn(lines: unknown): { readonly turns?: readonly PastTurn[] } | undefined {
  return typeof lines === 'string' ? { turns: readTurns(lines.split('\n')) } : undefined;
}

/** What cannot be read is left out. */
function readTurns(lines: readonly string[]): readonly PastTurn[] {
  return lines.slice(-mostTurns).flatMap((line) => parseTurn(line) ?? []);
}

/** How messages to this process are read. */
export function newsReader(names: KeyNames, instance: string): NewsReader {
  return { channel: names.channel(instance), read: (text) => readMessage(names, text) };
}

/**
 * `granted`, name of the lock, time, how many wait, `<lease> <token> <end>`, who was there before, past turns for who
 * wants to know; or `forced`, name of
 * the lock, lease. Undefined for what cannot be read.
 */
function readMessage(names: KeyNames, message: string): Message | undefined {
  const [type, name = '', ...fields] = message.split('\n');
  const key = names.keyOf(name);
  if (key === undefined) return undefined;
  if (type === 'forced') return { key, leaseId: fromWord(fields[0] ?? ''), news: () => ({ type }) };
  const [now, waiting, given = '', past, ...lines] = fields;
  const [lease = '', token, expiresAt] = given.split(' ');
  const numbers = [now, waiting, token, expiresAt].map(Number);
  if (type !== 'granted' || !numbers.every(Number.isSafeInteger) || !isToken(Number(token))) return undefined;
  // Only who asked knows all that stands in the record.
  const news = (request: AcquireRequest | undefined): LeaseNews => {
    if (request === undefined) return { type: 'ask' };
    const record = recordOf(request, Number(token), Number(now), Number(expiresAt));
    const previous = parsePredecessor(past);
    const turns = request.turns === true ? { turns: readTurns(lines) } : undefined;
    const known = { previous, waiting: Number(waiting), ...turns };
    return { type, result: { acquired: true, record, ...known, storageNow: Number(now) } };
  };
  return { key, leaseId: fromWord(lease), news };
}

function recordOf(
  { key, leaseId, holder, share }: AcquireRequest,
  fencingToken: number,
  acquiredAt: number,
  expiresAt: number,
): LockRecord {
  const record = { key, leaseId, holder, fencingToken, acquiredAt, expiresAt };
  return Object.freeze(share === undefined ? record : { ...record, share });
}
