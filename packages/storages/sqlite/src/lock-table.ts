import {
  type AcquireRequest,
  type AcquireResult,
  type LeaseUpdate,
  type LockRecord,
  type LockState,
  type ReleaseResult,
  type RenewResult,
} from '@lockscope/storage';
import type { Connection, Row } from './connection.ts';
import { SqliteMachineError } from './errors.ts';
import { failureOf } from './failure.ts';
import {
  companionsText,
  isLive,
  isOutdated,
  parsePredecessor,
  parseRecord,
  parseSharers,
  recordedHolder,
  wasForced,
} from './lock-row.ts';
import { LockReader, type Page } from './lock-reader.ts';
import type { MachineTime } from './machine-time.ts';
import type { Boot } from './schema.ts';
import { isShared, SharedTable } from './shared-table.ts';
import * as sql from './statements.ts';
import { toStoredText } from './stored-text.ts';
import { WaitingIds } from './waiting-ids.ts';

/** While this share of its waiting time is left, a waiter's place is kept as it is, so that asking again only reads. */
const restingShare = 0.8;
const sweepLength = 500;

/** The operations on an open database. Each is one statement, or one transaction; all throw what the driver throws. */
export class LockTable {
  readonly #connection: Connection;
  readonly #path: string;
  readonly #boot: Boot;
  readonly #time: MachineTime;
  readonly #waiting = new WaitingIds();
  readonly #shared: SharedTable;
  readonly #reader: LockReader;

  constructor(connection: Connection, path: string, boot: Boot, time: MachineTime) {
    this.#connection = connection;
    this.#path = path;
    this.#boot = boot;
    this.#time = time;
    this.#shared = new SharedTable(connection, boot, time);
    this.#reader = new LockReader(connection, boot, time);
    for (const statement of Object.values(sql)) if (statement !== sql.sharedLease) connection.prepare(statement);
  }

  acquire(request: AcquireRequest): AcquireResult {
    if (request.turns !== true || request.waitMs === undefined) return this.#acquire(request);
    const key = toStoredText(request.key);
    // It does not change, and it is gone when the lock is given.
    const since = this.#connection.get(sql.asksSince, key, toStoredText(request.leaseId))?.['since'];
    const result = this.#acquire(request);
    return typeof since === 'number' ? { ...result, turns: this.#reader.turns(key, since) } : result;
  }

  #acquire(request: AcquireRequest): AcquireResult {
    const key = toStoredText(request.key);
    const leaseId = toStoredText(request.leaseId);
    const { waitMs, share, behind } = request;
    const asksAgain = waitMs !== undefined && this.#waiting.has(leaseId);
    const tries = !asksAgain && share === undefined && this.#connection.commitsByItself;
    const taken = tries ? this.#take(request, key, leaseId) : undefined;
    if (taken !== undefined) return taken;
    const nothingToNote = asksAgain ? this.#waiting.isCurrent(leaseId, behind) : tries && waitMs === undefined;
    if (nothingToNote) {
      const busy = this.#lookBusy(request, key, leaseId);
      if (busy !== undefined) return busy;
    }
    return this.#connection.transaction(() => this.#contend(request, key, leaseId));
  }

  renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): RenewResult {
    const storedKey = toStoredText(key);
    const storedId = toStoredText(leaseId);
    const now = this.#time.now();
    const { number } = this.#boot;
    const changed =
      update === undefined
        ? this.#connection.write(sql.extend, now, now + leaseMs, storedKey, storedId, number, now)
        : this.#passOn(update, storedKey, storedId, now, now + leaseMs);
    const renewed =
      changed === 1 ||
      this.#whereShared(storedKey, () => this.#shared.renew(storedKey, storedId, leaseMs, update, this.#time.now()));
    if (renewed) return { renewed, expiresAt: this.#time.epoch(now + leaseMs), storageNow: this.#time.epoch(now) };
    const { record, storageNow } = this.#reader.read(key, 'renew');
    return { renewed, record, forced: this.#wasForced(storedKey, storedId), storageNow };
  }

  release(key: string, leaseId: string): ReleaseResult {
    const storedKey = toStoredText(key);
    const storedId = toStoredText(leaseId);
    const now = this.#time.now();
    const changed = this.#connection.write(sql.release, now, storedKey, storedId, this.#boot.number, now);
    const released =
      changed === 1 || this.#whereShared(storedKey, () => this.#shared.release(storedKey, storedId, this.#time.now()));
    if (released) return { released };
    return { released, record: this.#reader.read(key, 'release').record, forced: this.#wasForced(storedKey, storedId) };
  }

  leave(key: string, leaseId: string): void {
    const storedKey = toStoredText(key);
    const storedId = toStoredText(leaseId);
    this.#connection.transaction(() => {
      const now = this.#time.now();
      this.#connection.run(sql.leave, storedKey, storedId);
      const freed = this.#connection.run(sql.release, now, storedKey, storedId, this.#boot.number, now);
      if (freed === 0) this.#shared.release(storedKey, storedId, now);
    });
    this.#waiting.delete(storedId);
  }

  forceRelease(key: string): LockRecord | undefined {
    return this.#connection.transaction(() => {
      const { record, sharers = [] } = this.#reader.read(key, 'force release');
      if (record === undefined) return undefined;
      const robbed = [record, ...sharers].map(({ leaseId }) => toStoredText(leaseId));
      const storedKey = toStoredText(key);
      const now = this.#time.now();
      this.#connection.run(sql.free, now, JSON.stringify(robbed), storedKey);
      this.#connection.run(sql.endSharers, now, storedKey);
      this.#connection.run(sql.removeSharers, storedKey);
      return record;
    });
  }

  read(key: string): LockState {
    return this.#reader.read(key);
  }

  /** See {@link LockReader.page}. */
  page(from: string, after: boolean): Page {
    return this.#reader.page(from, after);
  }

  /** Removes some keys that nobody had or wanted for so long; gives how many, 0 when there are none left. */
  sweep(olderThanMs: number): number {
    const now = this.#time.now();
    return this.#connection.transaction(() => {
      this.#connection.run(sql.removeForgotten, now);
      this.#connection.run(sql.raiseFloor, this.#boot.number, now - olderThanMs, sweepLength);
      const removed = this.#connection.run(sql.removeUnused, this.#boot.number, now - olderThanMs, sweepLength);
      this.#connection.run(sql.removeLostSharers);
      this.#connection.run(sql.removeLostTurns);
      return removed;
    });
  }

  #passOn({ holder, fencingToken }: LeaseUpdate, key: string, leaseId: string, now: number, endsAt: number): number {
    const text = JSON.stringify(recordedHolder(holder));
    const { number } = this.#boot;
    return this.#connection.write(sql.passOn, now, endsAt, fencingToken, fencingToken, text, key, leaseId, number, now);
  }

  /** Runs `work` in a transaction when several share the lock; else there is nothing to do. */
  #whereShared(storedKey: string, work: () => boolean): boolean {
    if (!isShared(this.#connection.get(sql.row, storedKey))) return false;
    return this.#connection.transaction(work);
  }

  #wasForced(storedKey: string, storedId: string): boolean {
    return wasForced(this.#connection.get(sql.row, storedKey), storedId);
  }

  /** One statement: gives the lock when it is free and nobody came first. */
  #take(request: AcquireRequest, storedKey: string, storedId: string): AcquireResult | undefined {
    const { key, leaseId, leaseMs, tokenAbove = 0, spareTokens = 0 } = request;
    const holder = recordedHolder(request.holder);
    const text = JSON.stringify(holder);
    const now = this.#time.now();
    const boot = this.#boot.number;
    const endsAt = now + leaseMs;
    let row: Row | undefined;
    try {
      row = this.#connection.get(
        sql.take,
        storedKey,
        tokenAbove,
        boot,
        spareTokens,
        storedId,
        text,
        boot,
        now,
        now,
        endsAt,
      );
    } catch (error) {
      throw this.#explain(key, error);
    }
    if (row === undefined) return undefined;
    this.#waiting.delete(storedId);
    const acquiredAt = this.#time.epoch(now);
    const record: LockRecord = Object.freeze({
      key,
      leaseId,
      holder,
      fencingToken: Number(row['token']),
      acquiredAt,
      expiresAt: this.#time.epoch(endsAt),
    });
    return { acquired: true, record, previous: parsePredecessor(row, this.#boot, this.#time), storageNow: acquiredAt };
  }

  /** Answers from a look alone, without the write lock, when the lock is surely busy and nothing has to be noted. */
  #lookBusy(
    { key, waitMs = 0, share }: AcquireRequest,
    storedKey: string,
    storedId: string,
  ): AcquireResult | undefined {
    const row = this.#look(storedKey, storedId);
    const now = this.#time.now();
    if (row === undefined) return undefined;
    const live = isLive(row, this.#boot, now);
    const mine = live && row['lease_id'] === storedId;
    if (share !== undefined && isShared(row) && Number(row['ahead']) === 0) return undefined;
    if (mine || (!live && Number(row['ahead']) === 0)) return undefined;
    if (waitMs > 0 && !(Number(row['forget_at'] ?? 0) - now >= waitMs * restingShare)) return undefined;
    return this.#busy(key, row, now);
  }

  /** With the write lock, so that what is read stays true until the answer is on record. */
  #contend(request: AcquireRequest, storedKey: string, storedId: string): AcquireResult {
    const { key, waitMs, share, waitedMs = 0, behind } = request;
    const now = this.#time.now();
    if (!this.#boot.certain) {
      const row = this.#connection.get(sql.row, storedKey);
      if (row !== undefined && isOutdated(row, this.#boot, now)) this.#connection.run(sql.outdate, storedKey);
    }
    const taken =
      share === undefined
        ? this.#takeOrKeep(request, storedKey, storedId, now)
        : this.#join(request, storedKey, storedId);
    if (taken !== undefined) return taken;
    if (waitMs !== undefined) {
      this.#connection.run(sql.forgetWaiters, storedKey, now);
      const text = JSON.stringify(recordedHolder(request.holder));
      const limit = share === undefined ? null : share === Infinity ? 0 : share;
      const since = now - waitedMs;
      const forgetAt = now + waitMs;
      const others = companionsText(behind);
      const asks = request.turns === true ? 1 : 0;
      this.#connection.run(
        sql.enqueue,
        storedKey,
        storedKey,
        storedId,
        text,
        since,
        now,
        forgetAt,
        limit,
        others,
        asks,
      );
      this.#waiting.add(storedId, now, forgetAt, behind);
    }
    return this.#busy(key, this.#look(storedKey, storedId) as Row, now);
  }

  #takeOrKeep(request: AcquireRequest, storedKey: string, storedId: string, now: number): AcquireResult | undefined {
    const { key, leaseMs } = request;
    const taken = this.#take(request, storedKey, storedId);
    if (taken !== undefined) return taken;
    if (this.#connection.run(sql.extend, now, now + leaseMs, storedKey, storedId, this.#boot.number, now) === 0)
      return undefined;
    const row = this.#connection.get(sql.row, storedKey) as Row;
    const record = parseRecord(key, row, this.#time, 'acquire');
    const previous = parsePredecessor(row, this.#boot, this.#time);
    return { acquired: true, record, previous, storageNow: this.#time.epoch(now) };
  }

  /** Shares the lock, unless somebody who came first waits for it. */
  #join(request: AcquireRequest, storedKey: string, storedId: string): AcquireResult | undefined {
    const row = this.#look(storedKey, storedId);
    const now = this.#time.now();
    const live = row !== undefined && isLive(row, this.#boot, now) ? row : undefined;
    const held = live !== undefined && isShared(live) && this.#holds(request, live);
    if (!held && Number(row?.['ahead'] ?? 0) > 0) return undefined;
    const granted = this.#explained(request.key, () => this.#shared.acquire(request, storedKey, storedId, live, now));
    if (granted !== undefined) this.#waiting.delete(storedId);
    return granted;
  }

  #holds({ key, leaseId }: AcquireRequest, row: Row): boolean {
    return parseSharers(key, row['sharers'], this.#time).some((sharer) => sharer.leaseId === leaseId);
  }

  #explained<T>(key: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#explain(key, error);
    }
  }

  #look(storedKey: string, storedId: string): Row | undefined {
    const now = this.#time.now();
    return this.#connection.get(sql.look, now, storedId, now, storedId, now, storedId, now, storedKey);
  }

  #busy(key: string, row: Row, now: number): AcquireResult {
    const { record } = this.#reader.holders(key, row, now, 'acquire');
    return { acquired: false, record, ahead: Number(row['ahead']), storageNow: this.#time.epoch(now) };
  }

  /** The table refuses a null token, which stands for another run of the machine, and whatever damage would do. */
  #explain(key: string, error: unknown): unknown {
    if (failureOf(error) !== 'CONSTRAINT') return error;
    if (this.#connection.get(sql.sameBoot, this.#boot.number) === undefined)
      return new SqliteMachineError(this.#path, 'acquire');
    const row = this.#connection.get(sql.row, toStoredText(key));
    if (row !== undefined) parseRecord(key, row, this.#time, 'acquire');
    return error;
  }
}
