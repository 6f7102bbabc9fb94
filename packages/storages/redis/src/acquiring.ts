import { mostTurns, type AcquireRequest, type AcquireResult, type LockRecord, type PastTurn } from '@lockscope/storage';
import {
  companionsText,
  parsePredecessor,
  parseTurn,
  parseRecord,
  recordedHolder,
  recordTail,
  timeOf,
} from './record-text.ts';
import { graceMs } from './scripts/place.ts';
import { toWord } from './stored-text.ts';

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
  const { leaseId, leaseMs, holder, share, spareTokens = 0, claimMs = leaseMs, tokenAbove = 0 } = request;
  const { waitMs = request.placeMs } = request;
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
export function readTurns(lines: readonly string[]): readonly PastTurn[] {
  return lines.slice(-mostTurns).flatMap((line) => parseTurn(line) ?? []);
}

/** What stands on record for who asked. */
export function recordOf(
  { key, leaseId, holder, share }: AcquireRequest,
  fencingToken: number,
  acquiredAt: number,
  expiresAt: number,
): LockRecord {
  const record = { key, leaseId, holder, fencingToken, acquiredAt, expiresAt };
  return Object.freeze(share === undefined ? record : { ...record, share });
}
