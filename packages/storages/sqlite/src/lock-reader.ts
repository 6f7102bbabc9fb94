import { ForeignRecordError, type LockRecord, type LockState, type PastTurn } from '@lockscope/storage';
import type { Connection, Row } from './connection.ts';
import { isLive, parseRecord, parseSharers, parseTurn, parseWaiters } from './lock-row.ts';
import type { MachineTime } from './machine-time.ts';
import type { Boot } from './schema.ts';
import { isShared } from './shared-table.ts';
import * as sql from './statements.ts';
import { fromStoredText, toStoredText } from './stored-text.ts';

/** A held lock with those who wait for it. */
export type HeldState = LockState & { readonly record: LockRecord };

/** A page of held locks, and where the next one begins. */
export interface Page {
  readonly states: readonly HeldState[];
  /** Undefined after the last page. */
  readonly next: string | undefined;
}

const pageLength = 100;
/** No key is stored like this: the escape would be escaped. */
const noKey = '\u0010';

/** Reads who has locks and who waits for them. Each operation is one statement. */
export class LockReader {
  readonly #connection: Connection;
  readonly #boot: Boot;
  readonly #time: MachineTime;

  constructor(connection: Connection, boot: Boot, time: MachineTime) {
    this.#connection = connection;
    this.#boot = boot;
    this.#time = time;
  }

  read(key: string, operation = 'read'): LockState {
    const asked = this.#time.now();
    const row = this.#connection.get(sql.state, asked, asked, toStoredText(key));
    const now = this.#time.now();
    const storageNow = this.#time.epoch(now);
    if (row === undefined) return { record: undefined, waiters: [], storageNow };
    return {
      ...this.holders(key, row, now, operation),
      waiters: parseWaiters(row['waiters'], this.#time),
      storageNow,
    };
  }

  /** The held locks from key `from` on, as it is stored; `after` leaves that key itself out. */
  page(from: string, after: boolean): Page {
    const asked = this.#time.now();
    const rows = this.#connection.all(
      sql.page,
      asked,
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
      const { record, ...others } = this.#listed(row, now);
      const waiters = parseWaiters(row['waiters'], this.#time);
      return record === undefined ? [] : [{ record, ...others, waiters, storageNow }];
    });
    return { states, next: rows[pageLength - 1]?.['key'] as string | undefined };
  }

  /** The last possessions that ended since then, oldest first. */
  turns(storedKey: string, since: number): readonly PastTurn[] {
    const now = this.#time.now();
    const rows = this.#connection.all(sql.turns, storedKey, storedKey, now, storedKey, now, this.#boot.number, since);
    return rows.toReversed().flatMap((row) => parseTurn(row, this.#time) ?? []);
  }

  /** A row that is not Lockscope's is left out: who asks for its key is told. */
  #listed(row: Row, now: number): Pick<LockState, 'record' | 'sharers'> {
    try {
      return this.holders(fromStoredText(row['key'] as string), row, now, 'list');
    } catch (error) {
      if (error instanceof ForeignRecordError) return { record: undefined };
      throw error;
    }
  }

  /** Who has the lock, by a row with its sharers. */
  holders(key: string, row: Row, now: number, operation: string): Pick<LockState, 'record' | 'sharers'> {
    if (!isLive(row, this.#boot, now)) return { record: undefined };
    if (!isShared(row)) return { record: parseRecord(key, row, this.#time, operation) };
    const [record, ...sharers] = parseSharers(key, row['sharers'], this.#time);
    return { record, ...(sharers.length > 0 && { sharers }) };
  }
}
