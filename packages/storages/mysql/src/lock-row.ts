import {
  ForeignRecordError,
  holderLimits,
  mostTurns,
  parseHolder,
  type Companion,
  type Holder,
  type LockRecord,
  type PastTurn,
  type Predecessor,
  type WaiterRecord,
} from '@lockscope/storage';
import { integer, time, type Row } from './row.ts';
import { fromStoredText } from './stored-text.ts';
import { longest } from './tables.ts';

const maxBehind = 100;
/** A hundred holders, each as long as one can be. */
const maxBehindLength = (maxBehind + 1) * longest.holder;

/**
 * The record in a row.
 * @throws {ForeignRecordError} when it is not one of Lockscope's.
 */
export function parseRecord(key: string, row: Row, operation: string): LockRecord {
  const { lease_id: leaseId, holder: stored, share: shared } = row;
  const fencingToken = token(row['token']);
  const acquiredAt = time(row['began_at']);
  const expiresAt = time(row['ends_at']);
  const holder = parseStoredHolder(stored);
  const share = shareOf(shared);
  const problems: string[] = [];
  if (holder === undefined) problems.push('its holder cannot be read');
  if (fencingToken === undefined) problems.push('its token is not a whole number above 0');
  if (!leaseId?.length) problems.push('it has no lease id');
  if (acquiredAt === undefined || expiresAt === undefined) problems.push('its times are not numbers');
  if (shared && share === undefined) problems.push('it does not say how many share it');
  if (problems.length > 0) throw new ForeignRecordError('mysql', operation, key, problems.join(', '));
  return Object.freeze({
    key,
    leaseId: fromStoredText(leaseId as Buffer),
    holder: holder as Holder,
    fencingToken: fencingToken as number,
    acquiredAt: acquiredAt as number,
    expiresAt: expiresAt as number,
    ...(share !== undefined && { share }),
  });
}

/** Who had the lock before the possession in this row; undefined where that cannot be read. */
export function parsePredecessor(row: Row): Predecessor | undefined {
  return predecessor(row['prev_token'], row['prev_holder'], row['prev_ended_at'], integer(row['prev_released']) === 1);
}

/** The possession in this row, when it has ended, as who comes next is told of it. */
export function parseEnded(row: Row): Predecessor | undefined {
  const { marked_at: releasedAt } = row;
  const released = integer(releasedAt) !== undefined;
  return predecessor(row['token'], row['holder'], released ? releasedAt : row['ends_at'], released);
}

/**
 * The possessions that ended since a time in microseconds, by the row of the lock: those that gave way to others, and
 * its own, if it has ended. What cannot be read is left out.
 */
export function parseTurns(row: Row, ownHasEnded: boolean, since: number): readonly PastTurn[] {
  const { turns, token: ownToken, holder, began_at: beganAt, marked_at: releasedAt, ends_at: endsAt } = row;
  const lines = turns == null || turns.length === 0 ? [] : splitLines(turns);
  const parsed = lines.flatMap((line) => {
    const parts = turnLine.exec(line.toString('latin1'));
    if (parts === null) return [];
    const [start, ...numbers] = parts;
    const [first, second, third] = numbers.map((text) => Buffer.from(text, 'latin1'));
    return turnOf(first, line.subarray(start.length), second, third, since) ?? [];
  });
  const own = ownHasEnded ? turnOf(ownToken, holder, beganAt, releasedAt ?? endsAt, since) : undefined;
  return (own === undefined ? parsed : [...parsed, own]).slice(-mostTurns);
}

const turnLine = /^(\d{1,16}) (\d{1,16}) (\d{1,16}) /;

function turnOf(
  storedToken: Row[string],
  storedHolder: Row[string],
  storedBegin: Row[string],
  storedEnd: Row[string],
  since: number,
): PastTurn | undefined {
  const fencingToken = token(storedToken);
  const holder = parseStoredHolder(storedHolder);
  const acquiredAt = time(storedBegin);
  const endedAt = time(storedEnd);
  if (fencingToken === undefined || holder === undefined || acquiredAt === undefined || endedAt === undefined)
    return undefined;
  return endedAt * 1000 < since ? undefined : Object.freeze({ holder, fencingToken, acquiredAt, endedAt });
}

function splitLines(text: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start <= text.length;) {
    const end = text.indexOf(0x0a, start);
    lines.push(text.subarray(start, end === -1 ? text.length : end));
    start = end === -1 ? text.length + 1 : end + 1;
  }
  return lines;
}

/** A waiter, followed by those who wait behind it. None when it cannot be read. */
export function parseWaiter(row: Row): readonly WaiterRecord[] {
  const { lease_id: stored, share: shared } = row;
  const holder = parseStoredHolder(row['holder']);
  const since = time(row['began_at']);
  if (!stored || holder === undefined || since === undefined) return [];
  const leaseId = fromStoredText(stored);
  const limit = shareOf(shared);
  const share = limit === undefined ? undefined : { share: limit };
  const askedAt = time(row['marked_at']) ?? since;
  return [
    Object.freeze({ leaseId, holder, since, ...share }),
    ...parseBehind(row['behind']).map((one) =>
      Object.freeze({ leaseId, holder: one.holder, since: askedAt - one.waitedMs, ...share }),
    ),
  ];
}

/** Those who wait behind a waiter. What cannot be read is left out. */
export function parseBehind(stored: Buffer | null | undefined): readonly Companion[] {
  if (!stored || stored.length > maxBehindLength) return [];
  const entries = parseJson(stored);
  if (!Array.isArray(entries)) return [];
  return entries.slice(0, maxBehind).flatMap((entry: unknown): Companion[] => {
    const [raw, waitedMs] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const holder = parseHolder(raw);
    return holder === undefined || !Number.isFinite(waitedMs) ? [] : [{ holder, waitedMs: waitedMs as number }];
  });
}

/** Those who wait behind a waiter, as they are stored; nothing for nobody. */
export function storedBehind(behind: readonly Companion[] = []): Buffer | null {
  if (behind.length === 0) return null;
  const entries = behind.slice(0, maxBehind).map(({ holder, waitedMs }) => [recordedHolder(holder), waitedMs]);
  return Buffer.from(JSON.stringify(entries), 'utf8');
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

/** How many may share, as it is stored: no number stands for any number of them. */
export function storedShare(share: number | undefined): number | null {
  if (share === undefined) return null;
  return Math.min(Number.MAX_SAFE_INTEGER, Math.floor(share));
}

function shareOf(value: Buffer | null | undefined): number | undefined {
  const share = integer(value);
  if (share === undefined || share < 1) return undefined;
  return share === Number.MAX_SAFE_INTEGER ? Infinity : share;
}

function predecessor(
  storedToken: Row[string],
  storedHolder: Row[string],
  storedEnd: Row[string],
  released: boolean,
): Predecessor | undefined {
  const fencingToken = token(storedToken);
  const holder = parseStoredHolder(storedHolder);
  const at = time(storedEnd);
  if (fencingToken === undefined || holder === undefined || at === undefined) return undefined;
  return Object.freeze({ holder, fencingToken, ...(released ? { releasedAt: at } : { expiredAt: at }) });
}

function token(value: Row[string]): number | undefined {
  const number = integer(value);
  return number !== undefined && number >= 1 ? number : undefined;
}

function parseStoredHolder(stored: Row[string]): Holder | undefined {
  return stored && stored.length <= longest.holder ? parseHolder(parseJson(stored)) : undefined;
}

function parseJson(stored: Buffer): unknown {
  try {
    return JSON.parse(stored.toString('utf8'));
  } catch {
    return undefined;
  }
}
