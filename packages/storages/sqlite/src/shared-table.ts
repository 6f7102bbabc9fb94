import type { AcquireRequest, Granted, LeaseUpdate, LockRecord } from '@lockscope/storage';
import type { Connection, Row } from './connection.ts';
import { parsePredecessor, parseSharers, recordedHolder } from './lock-row.ts';
import type { MachineTime } from './machine-time.ts';
import type { Boot } from './schema.ts';
import * as sql from './statements.ts';

/** Whether the row is that of a lock that several share. */
export function isShared(row: Row | undefined): boolean {
  return row?.['lease_id'] === sql.sharedLease;
}

/** The operations on locks that several share. Each runs inside a transaction, so what it read stays true. */
export class SharedTable {
  readonly #connection: Connection;
  readonly #boot: Boot;
  readonly #time: MachineTime;

  constructor(connection: Connection, boot: Boot, time: MachineTime) {
    this.#connection = connection;
    this.#boot = boot;
    this.#time = time;
  }

  /** Gives the lock when `request` may share it. `row` is what a look at the key gave, if somebody has the lock. */
  acquire(
    request: AcquireRequest,
    key: string,
    leaseId: string,
    row: Row | undefined,
    now: number,
  ): Granted | undefined {
    const { share = 1, leaseMs } = request;
    const endsAt = now + leaseMs;
    if (row !== undefined && !isShared(row)) return undefined;
    if (row === undefined) this.#connection.run(sql.removeSharers, key);
    else {
      this.#connection.run(sql.removeOldSharers, key, now);
      const mine = parseSharers(request.key, row['sharers'], this.#time).find((one) => one.leaseId === request.leaseId);
      if (mine !== undefined) {
        this.#connection.run(sql.extendSharer, endsAt, key, leaseId, now);
        this.#connection.run(sql.followSharers, now, key, key, key);
        return this.#granted({ ...mine, expiresAt: this.#time.epoch(endsAt) }, row, now);
      }
      if (this.#count(key, now) >= share) return undefined;
    }
    const holder = recordedHolder(request.holder);
    const text = JSON.stringify(holder);
    const { tokenAbove = 0, spareTokens = 0 } = request;
    const boot = this.#boot.number;
    const given = (
      row === undefined
        ? this.#connection.get(
            sql.openToSharers,
            key,
            tokenAbove,
            boot,
            spareTokens,
            sql.sharedLease,
            text,
            boot,
            now,
            now,
            endsAt,
          )
        : this.#connection.get(sql.admit, tokenAbove, spareTokens, text, now, endsAt, key)
    ) as Row;
    const fencingToken = Number(given['token']);
    const limit = share === Infinity ? 0 : share;
    this.#connection.run(sql.addSharer, key, fencingToken, leaseId, text, limit, now, endsAt);
    this.#connection.run(sql.leave, key, leaseId);
    const record = {
      key: request.key,
      leaseId: request.leaseId,
      holder,
      fencingToken,
      acquiredAt: this.#time.epoch(now),
      expiresAt: this.#time.epoch(endsAt),
      share,
    };
    return this.#granted(record, given, now);
  }

  /** False when the lease does not share the lock. */
  renew(key: string, leaseId: string, leaseMs: number, update: LeaseUpdate | undefined, now: number): boolean {
    const endsAt = now + leaseMs;
    const changed =
      update === undefined
        ? this.#connection.run(sql.extendSharer, endsAt, key, leaseId, now)
        : this.#connection.run(
            sql.passOnSharer,
            endsAt,
            update.fencingToken,
            JSON.stringify(recordedHolder(update.holder)),
            key,
            leaseId,
            now,
          );
    if (changed === 1) this.#connection.run(sql.followSharers, now, key, key, key);
    return changed === 1;
  }

  /** False when the lease does not share the lock. */
  release(key: string, leaseId: string, now: number): boolean {
    if (this.#connection.run(sql.extendSharer, now, key, leaseId, now) === 0) return false;
    this.#connection.run(sql.removeOldSharers, key, now);
    if (this.#count(key, now) > 0) this.#connection.run(sql.followSharers, now, key, key, key);
    else this.#connection.run(sql.release, now, key, sql.sharedLease, this.#boot.number, now);
    return true;
  }

  #count(key: string, now: number): number {
    return Number(this.#connection.get(sql.countSharers, key, now)?.['count'] ?? 0);
  }

  #granted(record: LockRecord, row: Row, now: number): Granted {
    const previous = parsePredecessor(row, this.#boot, this.#time);
    return { acquired: true, record: Object.freeze(record), previous, storageNow: this.#time.epoch(now) };
  }
}
