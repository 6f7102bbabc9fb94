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
import type { Row } from './connection.ts';
import type { MachineTime } from './machine-time.ts';
import { clockSlackMs, maxHolderLength, type Boot } from './schema.ts';
import { fromStoredText } from './stored-text.ts';

/** As many of those who wait behind a waiter are kept. */
const mostBehind = 100;

/** Whether somebody has the lock at `now`. Read the clock after the row: its times cannot lie ahead then. */
export function isLive(row: Row, boot: Boot, now: number): boolean {
  return (
    Number(row['released']) === 0 &&
    Number(row['boot']) === boot.number &&
    !endsBy(row, now) &&
    !isOutdated(row, boot, now)
  );
}

/** True when a row of this boot number has a time that has not come yet, so that it must be of an earlier run. */
export function isOutdated(row: Row, boot: Boot, now: number): boolean {
  return !boot.certain && Number(row['boot']) === boot.number && Number(row['stamped_at']) > now + clockSlackMs;
}

function endsBy(row: Row, now: number): boolean {
  return typeof row['ends_at'] === 'number' && row['ends_at'] <= now;
}

/**
 * The record in a row.
 * @throws {ForeignRecordError} when it is not one of Lockscope's.
 */
export function parseRecord(key: string, row: Row, time: MachineTime, operation: string): LockRecord {
  const { lease_id: leaseId, acquired_at: acquiredAt, ends_at: endsAt } = row;
  const fencingToken = tokenOf(row['token']);
  const holder = parseHolderText(row['holder']);
  const problems: string[] = [];
  if (holder === undefined) problems.push('its holder cannot be read');
  if (fencingToken === undefined) problems.push('its token is not a whole number above 0');
  if (typeof leaseId !== 'string') problems.push('its lease id is not a text');
  if (!isTime(acquiredAt) || !isTime(endsAt)) problems.push('its times are not numbers');
  if (problems.length > 0) throw new ForeignRecordError('sqlite', operation, key, problems.join(', '));
  return Object.freeze({
    key,
    leaseId: fromStoredText(leaseId as string),
    holder: holder as Holder,
    fencingToken: fencingToken as number,
    acquiredAt: time.epoch(acquiredAt as number),
    expiresAt: time.epoch(endsAt as number),
  });
}

/** Who was there before, where that can still be read. What ended before the machine's last start ended by then. */
export function parsePredecessor(row: Row, boot: Boot, time: MachineTime): Predecessor | undefined {
  const fencingToken = tokenOf(row['prev_token']);
  const holder = parseHolderText(row['prev_holder']);
  const endedAt = row['prev_ended_at'];
  if (fencingToken === undefined || holder === undefined || !isTime(endedAt)) return undefined;
  const at = Number(row['prev_boot']) === boot.number ? time.epoch(endedAt) : time.bootedAt;
  const end = Number(row['prev_released']) === 1 ? { releasedAt: at } : { expiredAt: at };
  return Object.freeze({ holder, fencingToken, ...end });
}

/** Those who wait, from the list that SQLite made of them, each with those behind it. One that cannot be read is left out. */
export function parseWaiters(text: unknown, time: MachineTime): readonly WaiterRecord[] {
  return parseList(text).flatMap(([leaseId, stored, since, share, behind, askedAt]): WaiterRecord[] => {
    const holder = parseHolderText(stored);
    if (typeof leaseId !== 'string' || holder === undefined || !isTime(since) || !isTime(askedAt)) return [];
    const shared = typeof share === 'number' ? { share: share === 0 ? Infinity : share } : undefined;
    const lease = fromStoredText(leaseId);
    const waiter = Object.freeze({ leaseId: lease, holder, since: time.epoch(since), ...shared });
    const others = parseList(behind).flatMap(([raw, waitedMs]): WaiterRecord[] => {
      const other = parseHolder(raw);
      if (other === undefined || !isTime(waitedMs)) return [];
      return [Object.freeze({ leaseId: lease, holder: other, since: time.epoch(askedAt - waitedMs), ...shared })];
    });
    return [waiter, ...others];
  });
}

/** Those who wait behind a waiter, as a text; null when there are none. */
export function companionsText(behind: readonly Companion[] = []): string | null {
  if (behind.length === 0) return null;
  return JSON.stringify(behind.slice(0, mostBehind).map(({ holder, waitedMs }) => [recordedHolder(holder), waitedMs]));
}

/** Those who share a lock, first come first. One that cannot be read is left out. */
export function parseSharers(key: string, text: unknown, time: MachineTime): readonly LockRecord[] {
  return parseList(text).flatMap(([token, leaseId, stored, share, acquiredAt, endsAt]): LockRecord[] => {
    const holder = parseHolderText(stored);
    const fencingToken = tokenOf(token);
    if (fencingToken === undefined || typeof leaseId !== 'string' || holder === undefined) return [];
    if (typeof share !== 'number' || !isTime(acquiredAt) || !isTime(endsAt)) return [];
    return [
      Object.freeze({
        key,
        leaseId: fromStoredText(leaseId),
        holder,
        fencingToken,
        acquiredAt: time.epoch(acquiredAt),
        expiresAt: time.epoch(endsAt),
        share: share === 0 ? Infinity : share,
      }),
    ];
  });
}

/** A possession that ended; undefined when it cannot be read. */
export function parseTurn(row: Row, time: MachineTime): PastTurn | undefined {
  const { acquired_at: acquiredAt, ended_at: endedAt } = row;
  const fencingToken = tokenOf(row['token']);
  const holder = parseHolderText(row['holder']);
  if (fencingToken === undefined || holder === undefined || !isTime(acquiredAt) || !isTime(endedAt)) return undefined;
  return Object.freeze({ holder, fencingToken, acquiredAt: time.epoch(acquiredAt), endedAt: time.epoch(endedAt) });
}

/** Whether the lease is one of those that the last force release took the lock from. */
export function wasForced(row: Row | undefined, storedLease: string): boolean {
  const forced = typeof row?.['forced'] === 'string' ? parseJson(row['forced']) : undefined;
  return Array.isArray(forced) && forced.includes(storedLease);
}

function parseList(text: unknown): readonly (readonly unknown[])[] {
  const list = typeof text === 'string' && text !== '[]' ? parseJson(text) : undefined;
  return Array.isArray(list) ? list.map((entry: unknown) => (Array.isArray(entry) ? (entry as unknown[]) : [])) : [];
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

function parseHolderText(text: unknown): Holder | undefined {
  return typeof text === 'string' && text.length <= maxHolderLength ? parseHolder(parseJson(text)) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function tokenOf(value: unknown): number | undefined {
  const token = typeof value === 'bigint' ? Number(value) : value;
  return typeof token === 'number' && Number.isSafeInteger(token) && token >= 1 ? token : undefined;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
