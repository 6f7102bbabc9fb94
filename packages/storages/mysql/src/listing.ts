import { ForeignRecordError, type ListOptions, type LockRecord, type LockState } from '@lockscope/storage';
import type { Database } from './database.ts';
import { KeyState } from './key-state.ts';
import { micros } from './lock-table.ts';
import { rowsOf, type Row } from './row.ts';
import { literal } from './script.ts';
import { fromStoredText, toStoredText } from './stored-text.ts';

/** A held lock with those who wait for it. */
export type HeldState = LockState & { readonly record: LockRecord };

/** What one step of a sweep did, and where the next one begins. */
interface Swept {
  readonly removed: number;
  /** Undefined after the last step. */
  readonly next: Buffer | undefined;
}

const pageLength = 100;
const sweepLength = 500;
/** Longer than any key. */
const noKey = Buffer.alloc(0);

/** The operations on many keys. Each step is one command. */
export class Listing {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<HeldState> {
    // Half a surrogate pair at the end of the prefix may be completed in the keys, which stores it otherwise.
    const start = toStoredText(prefix.replace(/[\ud800-\udbff]$/, ''));
    let last: Buffer | undefined;
    do {
      const { keys, states } = await this.#page(last ?? start, last ?? noKey);
      for (const state of states) if (state.record.key.startsWith(prefix)) yield state;
      last = keys[pageLength - 1];
    } while (last?.subarray(0, start.length).equals(start) === true);
  }

  /** Removes some keys after `after` that nobody had or wanted for so long. */
  async sweep(after: Buffer, olderThanMs: number): Promise<Swept> {
    const olderUs = micros(olderThanMs);
    const found = await this.#database.run('sweep', 'unusedKeys', { after, olderUs, length: sweepLength });
    const keys = rowsOf(found.at(-2)).flatMap((row) => row['lock_key'] ?? []);
    if (keys.length === 0) return { removed: 0, next: undefined };
    const list = keys.map((key) => literal('key', key)).join(', ');
    const answers = await this.#database.run('sweep', 'sweep', { olderUs }, (sql) => sql.replaceAll('{keys}', list));
    const { affectedRows } = answers.at(-2) as { readonly affectedRows: number };
    return { removed: affectedRows, next: keys.length < sweepLength ? undefined : keys.at(-1) };
  }

  async #page(
    from: Buffer,
    after: Buffer,
  ): Promise<{ readonly keys: readonly Buffer[]; readonly states: HeldState[] }> {
    const answers = await this.#database.run('list', 'page', { from, after, length: pageLength });
    const byKey = new Map<string, { readonly stored: Buffer; readonly rows: Row[] }>();
    for (const row of rowsOf(answers.at(-2))) {
      const stored = row['lock_key'];
      if (!stored) continue;
      const id = stored.toString('latin1');
      const entry = byKey.get(id) ?? { stored, rows: [] };
      byKey.set(id, entry);
      entry.rows.push(row);
    }
    const entries = [...byKey.values()].toSorted((a, b) => Buffer.compare(a.stored, b.stored));
    return {
      keys: entries.map(({ stored }) => stored),
      states: entries.flatMap(({ stored, rows }) => held(stored, rows)),
    };
  }
}

/** A row that is not Lockscope's is left out: who asks for its key is told. */
function held(stored: Buffer, rows: readonly Row[]): HeldState[] {
  try {
    const { record, ...rest } = new KeyState(fromStoredText(stored), rows).toLockState('list');
    return record === undefined ? [] : [{ record, ...rest }];
  } catch (error) {
    if (error instanceof ForeignRecordError) return [];
    throw error;
  }
}
