import {
  ForeignRecordError,
  holderLimits,
  parseHolder,
  type Holder,
  type LockRecord,
  type Predecessor,
  type WaiterRecord,
} from '@lockscope/storage';
import type { Row } from './connection.ts';
import type { MachineTime } from './machine-time.ts';
import { clockSlackMs, maxHolderLength, type Boot } from './schema.ts';
import { fromStoredText } from './stored-text.ts';

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

/** Those who wait, from the list that SQLite made of them. One that cannot be read is left out. */
export function parseWaiters(text: unknown, time: MachineTime): readonly WaiterRecord[] {
  if (typeof text !== 'string' || text === '[]') return [];
  const entries = parseJson(text);
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown): WaiterRecord[] => {
    const [leaseId, stored, since] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const holder = parseHolderText(stored);
    if (typeof leaseId !== 'string' || holder === undefined || !isTime(since)) return [];
    return [Object.freeze({ leaseId: fromStoredText(leaseId), holder, since: time.epoch(since) })];
  });
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
