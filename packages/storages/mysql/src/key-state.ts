import type { LockRecord, LockState, PastTurn, WaiterRecord } from '@lockscope/storage';
import { parseRecord, parseTurns, parseWaiter } from './lock-row.ts';
import { integer, time, type Row } from './row.ts';

/** What stands in the tables about one key at one moment. */
export class KeyState {
  readonly key: string;
  /** The row of the lock; its columns are null where there is none. */
  readonly lock: Row;
  readonly #sharers: readonly Row[];
  readonly #waiters: readonly Row[];
  readonly #now: number;

  /** From the rows of the key, in any order. */
  constructor(key: string, rows: readonly Row[]) {
    const live = (row: Row): boolean => (integer(row['ends_at']) ?? Infinity) > this.#now;
    const ofKind = (kind: number): Row[] => rows.filter((row) => integer(row['kind']) === kind);
    this.key = key;
    this.lock = ofKind(0)[0] ?? {};
    this.#now = integer(this.lock['now']) ?? 0;
    this.#sharers = ofKind(1)
      .filter(live)
      .toSorted((a, b) => order(a['token'], b['token']));
    this.#waiters = ofKind(2)
      .filter(live)
      .toSorted((a, b) => order(a['place'], b['place']));
  }

  /** The server's clock, in epoch milliseconds. */
  get storageNow(): number {
    return time(this.lock['now']) ?? 0;
  }

  /** Whether somebody has the lock alone. What cannot be read counts as held. */
  get isHeldAlone(): boolean {
    return this.lock['lock_key'] != null && (integer(this.lock['ends_at']) ?? Infinity) > this.#now;
  }

  /** How many wait, those behind them not counted. */
  get waiting(): number {
    return this.#waiters.length;
  }

  /** The row of a waiter, while it lasts. */
  waiter(leaseId: Buffer): Row | undefined {
    return this.#waiters.find((row) => row['lease_id']?.equals(leaseId));
  }

  /** How many wait before this lease: all, when it does not wait. */
  ahead(leaseId: Buffer): number {
    const position = this.#waiters.findIndex((row) => row['lease_id']?.equals(leaseId));
    return position === -1 ? this.#waiters.length : position;
  }

  /** How many share it. */
  get sharing(): number {
    return this.#sharers.reduce((count, row) => (isForced(row) ? count : count + 1), 0);
  }

  /** Whether it was taken away from this lease by force, as far as the tables still say. */
  wasForced(leaseId: Buffer): boolean {
    if (this.lock['forced']?.equals(leaseId) === true) return true;
    return this.#sharers.some((row) => isForced(row) && row['lease_id']?.equals(leaseId) === true);
  }

  /** Those who have the lock, first come first. */
  holders(operation: string): readonly LockRecord[] {
    const rows = this.#sharers.filter((row) => !isForced(row));
    if (this.isHeldAlone) rows.unshift(this.lock);
    return rows.map((row) => parseRecord(this.key, row, operation));
  }

  /** The record of this lease, while it lasts. */
  holding(leaseId: string, operation: string): LockRecord | undefined {
    return this.holders(operation).find((record) => record.leaseId === leaseId);
  }

  /** What is told of past turns to one who waits or waited until now, and asks; nothing to others. */
  turnsFor(leaseId: Buffer): { readonly turns?: readonly PastTurn[] } | undefined {
    const since = integer(this.lock['since']) ?? integer(this.waiter(leaseId)?.['began_at']);
    return since === undefined ? undefined : { turns: parseTurns(this.lock, !this.isHeldAlone, since) };
  }

  /** As `read` and `list` tell it. */
  toLockState(operation: string): LockState {
    const [record, ...sharers] = this.holders(operation);
    const waiters: readonly WaiterRecord[] = this.#waiters.flatMap(parseWaiter);
    return { record, ...(sharers.length > 0 && { sharers }), waiters, storageNow: this.storageNow };
  }
}

function isForced(row: Row): boolean {
  return integer(row['forced']) === 1;
}

function order(a: Row[string], b: Row[string]): number {
  return (integer(a) ?? 0) - (integer(b) ?? 0);
}
