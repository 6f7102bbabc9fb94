import {
  ForeignRecordError,
  type AcquireRequest,
  type AcquireResult,
  type LockRecord,
  type LockState,
  type ReleaseResult,
  type RenewResult,
} from '@lockscope/storage';
import type { Connection, Row } from './connection.ts';
import { SqliteMachineError } from './errors.ts';
import { failureOf } from './failure.ts';
import { isLive, isOutdated, parsePredecessor, parseRecord, parseWaiters, recordedHolder } from './lock-row.ts';
import type { MachineTime } from './machine-time.ts';
import type { Boot } from './schema.ts';
import * as sql from './statements.ts';
import { fromStoredText, toStoredText } from './stored-text.ts';
import { WaitingIds } from './waiting-ids.ts';

/** A held lock with those who wait for it. */
export type HeldState = LockState & { readonly record: LockRecord };

/** A page of held locks, and where the next one begins. */
export interface Page {
  readonly states: readonly HeldState[];
  /** Undefined after the last page. */
  readonly next: string | undefined;
}

/** While this share of its waiting time is left, a waiter's place is kept as it is, so that asking again only reads. */
const restingShare = 0.8;
const pageLength = 100;
/** No key is stored like this: the escape would be escaped. */
const noKey = '\u0010';
const sweepLength = 500;

/** The operations on an open database. Each is one statement, or one transaction; all throw what the driver throws. */
export class LockTable {
  readonly #connection: Connection;
  readonly #path: string;
  readonly #boot: Boot;
  readonly #time: MachineTime;
  readonly #waiting = new WaitingIds();

  constructor(connection: Connection, path: string, boot: Boot, time: MachineTime) {
    this.#connection = connection;
    this.#path = path;
    this.#boot = boot;
    this.#time = time;
    for (const statement of Object.values(sql)) connection.prepare(statement);
  }

  acquire(request: AcquireRequest): AcquireResult {
    const key = toStoredText(request.key);
    const leaseId = toStoredText(request.leaseId);
    const asksAgain = request.waitMs !== undefined && this.#waiting.has(leaseId);
    const tries = !asksAgain && this.#connection.commitsByItself;
    const taken = tries ? this.#take(request, key, leaseId) : undefined;
    if (taken !== undefined) return taken;
    if (asksAgain || (tries && request.waitMs === undefined)) {
      const busy = this.#lookBusy(request, key, leaseId);
      if (busy !== undefined) return busy;
    }
    return this.#connection.transaction(() => this.#contend(request, key, leaseId));
  }

  renew(key: string, leaseId: string, leaseMs: number): RenewResult {
    const now = this.#time.now();
    const changed = this.#connection.write(
      sql.extend,
      now,
      now + leaseMs,
      toStoredText(key),
      toStoredText(leaseId),
      this.#boot.number,
      now,
    );
    if (changed === 1)
      return { renewed: true, expiresAt: this.#time.epoch(now + leaseMs), storageNow: this.#time.epoch(now) };
    const { record, storageNow } = this.read(key, 'renew');
    return { renewed: false, record, storageNow };
  }

  release(key: string, leaseId: string): ReleaseResult {
    const now = this.#time.now();
    const changed = this.#connection.write(
      sql.release,
      now,
      toStoredText(key),
      toStoredText(leaseId),
      this.#boot.number,
      now,
    );
    if (changed === 1) return { released: true };
    return { released: false, record: this.read(key, 'release').record };
  }

  leave(key: string, leaseId: string): void {
    const stored = toStoredText(leaseId);
    this.#connection.write(sql.leave, toStoredText(key), stored);
    this.#waiting.delete(stored);
  }

  forceRelease(key: string): LockRecord | undefined {
    return this.#connection.transaction(() => {
      const { record } = this.read(key, 'force release');
      if (record !== undefined) this.#connection.run(sql.free, this.#time.now(), toStoredText(key));
      return record;
    });
  }

  read(key: string, operation = 'read'): LockState {
    const row = this.#connection.get(sql.state, this.#time.now(), toStoredText(key));
    const now = this.#time.now();
    const storageNow = this.#time.epoch(now);
    if (row === undefined) return { record: undefined, waiters: [], storageNow };
    const record = isLive(row, this.#boot, now) ? parseRecord(key, row, this.#time, operation) : undefined;
    return { record, waiters: parseWaiters(row['waiters'], this.#time), storageNow };
  }

  /** The held locks from key `from` on, as it is stored; `after` leaves that key itself out. */
  page(from: string, after: boolean): Page {
    const asked = this.#time.now();
    const rows = this.#connection.all(
      sql.page,
      asked,
      from,
      after ? from : noKey,
      this.#boot.number,
      asked,
      pageLength,
    );
    const now = this.#time.now();
    const storageNow = this.#time.epoch(now);
    const states = rows.flatMap((row): HeldState[] => {
      const record = isLive(row, this.#boot, now) ? this.#listed(row) : undefined;
      return record === undefined ? [] : [{ record, waiters: parseWaiters(row['waiters'], this.#time), storageNow }];
    });
    return { states, next: rows[pageLength - 1]?.['key'] as string | undefined };
  }

  /** Removes some keys that nobody had or wanted for so long; gives how many, 0 when there are none left. */
  sweep(olderThanMs: number): number {
    const now = this.#time.now();
    return this.#connection.transaction(() => {
      this.#connection.run(sql.removeForgotten, now);
      this.#connection.run(sql.raiseFloor, this.#boot.number, now - olderThanMs, sweepLength);
      return this.#connection.run(sql.removeUnused, this.#boot.number, now - olderThanMs, sweepLength);
    });
  }

  /** A row that is not Lockscope's is left out: who asks for its key is told. */
  #listed(row: Row): LockRecord | undefined {
    try {
      return parseRecord(fromStoredText(row['key'] as string), row, this.#time, 'list');
    } catch (error) {
      if (error instanceof ForeignRecordError) return undefined;
      throw error;
    }
  }

  /** One statement: gives the lock when it is free and nobody came first. */
  #take(request: AcquireRequest, storedKey: string, storedId: string): AcquireResult | undefined {
    const { key, leaseId, leaseMs } = request;
    const holder = recordedHolder(request.holder);
    const text = JSON.stringify(holder);
    const now = this.#time.now();
    const boot = this.#boot.number;
    const endsAt = now + leaseMs;
    let row: Row | undefined;
    try {
      row = this.#connection.get(sql.take, storedKey, boot, storedId, text, boot, now, now, endsAt);
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
  #lookBusy({ key, waitMs = 0 }: AcquireRequest, storedKey: string, storedId: string): AcquireResult | undefined {
    const row = this.#look(storedKey, storedId);
    const now = this.#time.now();
    if (row === undefined) return undefined;
    const live = isLive(row, this.#boot, now);
    const mine = live && row['lease_id'] === storedId;
    if (mine || (!live && Number(row['ahead']) === 0)) return undefined;
    if (waitMs > 0 && !(Number(row['forget_at'] ?? 0) - now >= waitMs * restingShare)) return undefined;
    return this.#busy(key, row, now);
  }

  /** With the write lock, so that what is read stays true until the answer is on record. */
  #contend(request: AcquireRequest, storedKey: string, storedId: string): AcquireResult {
    const { key, leaseMs, waitMs } = request;
    const now = this.#time.now();
    if (!this.#boot.certain) {
      const row = this.#connection.get(sql.row, storedKey);
      if (row !== undefined && isOutdated(row, this.#boot, now)) this.#connection.run(sql.outdate, storedKey);
    }
    const taken = this.#take(request, storedKey, storedId);
    if (taken !== undefined) return taken;
    if (this.#connection.run(sql.extend, now, now + leaseMs, storedKey, storedId, this.#boot.number, now) === 1) {
      const row = this.#connection.get(sql.row, storedKey) as Row;
      const record = parseRecord(key, row, this.#time, 'acquire');
      return {
        acquired: true,
        record,
        previous: parsePredecessor(row, this.#boot, this.#time),
        storageNow: this.#time.epoch(now),
      };
    }
    if (waitMs !== undefined) {
      this.#connection.run(sql.forgetWaiters, storedKey, now);
      const text = JSON.stringify(recordedHolder(request.holder));
      this.#connection.run(sql.enqueue, storedKey, storedKey, storedId, text, now, now + waitMs);
      this.#waiting.add(storedId, now, now + waitMs);
    }
    return this.#busy(key, this.#look(storedKey, storedId) as Row, now);
  }

  #look(storedKey: string, storedId: string): Row | undefined {
    const now = this.#time.now();
    return this.#connection.get(sql.look, storedId, now, storedId, now, storedId, now, storedKey);
  }

  #busy(key: string, row: Row, now: number): AcquireResult {
    const record = isLive(row, this.#boot, now) ? parseRecord(key, row, this.#time, 'acquire') : undefined;
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
