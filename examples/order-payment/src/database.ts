// SQLite as this Node has it, and an outbox in it.
import { decodeMessage, encodeMessage, type Message, type OutboxEntry, type OutboxStore } from '@lockscope/delivery';

type Row = Readonly<Record<string, string | number | null>>;

interface Statement {
  get(...values: (string | number)[]): Row | undefined;
  all(...values: (string | number)[]): Row[];
  run(...values: (string | number)[]): { readonly changes: number | bigint };
}

/** What `node:sqlite` and `libsql` have in common. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

export async function openDatabase(path: string): Promise<Database> {
  type Opener = new (path: string) => Database;
  const builtin = process.getBuiltinModule?.('node:sqlite') as { readonly DatabaseSync: Opener } | undefined;
  const Sqlite = builtin?.DatabaseSync ?? ((await import('libsql')).default as Opener);
  const database = new Sqlite(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  return database;
}

/** All of it, or nothing. */
export function transaction<T>(database: Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

/** Messages that wait in the same database as what they tell of. */
export class SqliteOutbox implements OutboxStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    database.exec(`CREATE TABLE IF NOT EXISTS outbox (
      number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, subject TEXT NOT NULL, body TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0
    )`);
  }

  /** Inside the transaction that changes what the message tells of. */
  add(subject: string, message: Message): void {
    const insert = this.#database.prepare('INSERT INTO outbox (id, subject, body) VALUES (?, ?, ?)');
    insert.run(message.id, subject, encodeMessage(message));
  }

  take(limit: number): OutboxEntry[] {
    const select = this.#database.prepare('SELECT subject, body FROM outbox WHERE sent = 0 ORDER BY number LIMIT ?');
    return select.all(limit).map(({ subject, body }) => ({
      subject: String(subject),
      message: decodeMessage(String(body)),
    }));
  }

  markSent(ids: readonly string[]): void {
    const update = this.#database.prepare('UPDATE outbox SET sent = 1 WHERE id = ?');
    transaction(this.#database, () => {
      for (const id of ids) update.run(id);
    });
  }
}
