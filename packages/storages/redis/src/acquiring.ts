import type { AcquireRequest, AcquireResult, Granted, LockRecord } from '@lockscope/storage';
import type { KeyNames } from './key-names.ts';
import { companionsText, parsePredecessor, parseRecord, recordedHolder, recordTail } from './record-text.ts';
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

/** What the script of an attempt wants to know; `told` says whether a message to the waiter arrives. */
export function acquireArguments(request: AcquireRequest, instance: string, told: string): string[] {
  const {
    leaseId,
    leaseMs,
    holder,
    share,
    spareTokens = 0,
    waitMs,
    claimMs = leaseMs,
    tokenAbove = 0,
    behind,
  } = request;
  const args = [toWord(leaseId), recordTail(share, instance, holder), String(leaseMs), String(spareTokens)];
  const looks = share !== undefined || tokenAbove > 0;
  if (waitMs === undefined && !looks) return args;
  const wait = waitMs === undefined ? '-' : wholeMs(waitMs);
  args.push(`${wait} ${wholeMs(Math.min(claimMs, leaseMs))} ${tokenAbove} ${told}\n${companionsText(behind)}`);
  if (looks) args.push('look');
  return args;
}

/** What the script said to an attempt. */
export function readAcquired(reply: unknown, request: AcquireRequest): AcquireResult {
  if (!Array.isArray(reply)) {
    const fencingToken = Number(reply);
    const now = Math.floor(fencingToken / 1000);
    const record = recordOf(request, fencingToken, now, now + request.leaseMs);
    return { acquired: true, record, previous: undefined, storageNow: now };
  }
  if (Number(reply[0]) === 1) {
    const [, token, acquiredAt, expiresAt, waiting, past, now] = reply as unknown[];
    const record = recordOf(request, Number(token), Number(acquiredAt), Number(expiresAt));
    const known = typeof waiting === 'number' ? { waiting } : undefined;
    return { acquired: true, record, previous: parsePredecessor(past), ...known, storageNow: Number(now) };
  }
  const [, text, ahead, now] = reply as unknown[];
  const record = text === null ? undefined : parseRecord(request.key, text, 'acquire');
  return { acquired: false, record, ahead: Number(ahead), storageNow: Number(now) };
}

/** The grant in a message: name of the lock, time, waiting, record, who was there before. */
export function readGrant(
  names: KeyNames,
  fields: readonly string[],
): { readonly leaseId: string; readonly result: Granted } | undefined {
  const [name = '', now, waiting, text = '', past] = fields;
  const key = names.keyOf(name);
  if (key === undefined) return undefined;
  const leaseId = fromWord(text.slice(0, text.indexOf(' ')));
  try {
    const record = parseRecord(key, text, 'watch');
    const previous = parsePredecessor(past);
    return { leaseId, result: { acquired: true, record, previous, waiting: Number(waiting), storageNow: Number(now) } };
  } catch {
    return undefined;
  }
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
