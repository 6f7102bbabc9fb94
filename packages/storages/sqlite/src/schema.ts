import type { Connection } from './connection.ts';
import { mostTurns } from '@lockscope/storage';
import { SqliteSchemaError } from './errors.ts';
import { failureOf } from './failure.ts';
import { sharedLease } from './statements.ts';
import type { MachineClock } from '@lockscope/storage/machine-clock';

/** The version of the tables below. Files of another version are refused. */
export const schemaVersion = 3;

/**
 * How far tokens jump when a machine has started anew. A power failure can take the last commits out of a file that is
 * written with `synchronous = NORMAL`, and no token in them may be given again. They are far fewer than this.
 */
export const tokenJump: number = 2 ** 20;

/** A time of this run of the machine can lie this far ahead of now, where processors do not agree to the last bit. */
export const clockSlackMs = 1000;

/** The longest text that a row keeps of a holder. Twice what the longest allowed holder takes. */
export const maxHolderLength = 8192;
const maxToken = Number.MAX_SAFE_INTEGER;

/** One run of the machine, from its start to its end. */
export interface Boot {
  /** The number of the run, as rows have it. */
  readonly number: number;
  /** When it began, by the wall clock of who noted it first. Epoch milliseconds. */
  readonly bootedAt: number;
  /** False where the system does not tell runs apart, so that only times that cannot be give an earlier one away. */
  readonly certain: boolean;
}

/**
 * The checks keep others from writing what is not a record. Times are on the machine's clock, `boot` counts its runs.
 * A row stays when its lock is released, because its token must not be given again. A lock that several share has a row
 * too, which lasts as long as the last of them; `share` is 0 where it has no limit.
 *
 * `lockscope_turns` has the possessions that gave way to others while somebody `asks` for them in line, more than are
 * ever told; triggers write them, so that a lock that nobody asks about costs one look at two empty places.
 */
const tables = `
CREATE TABLE lockscope_meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  application TEXT NOT NULL,
  version INTEGER NOT NULL,
  boot INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  booted_at REAL NOT NULL,
  floor INTEGER NOT NULL CHECK (floor BETWEEN 0 AND ${maxToken})
) STRICT;
CREATE TABLE lockscope_locks (
  key TEXT PRIMARY KEY NOT NULL,
  token INTEGER NOT NULL CHECK (token BETWEEN 1 AND ${maxToken}),
  spare INTEGER NOT NULL CHECK (spare BETWEEN 0 AND ${maxToken} - token),
  lease_id TEXT NOT NULL,
  holder TEXT NOT NULL CHECK (length(holder) <= ${maxHolderLength} AND json_valid(holder)),
  boot INTEGER NOT NULL,
  acquired_at REAL NOT NULL,
  stamped_at REAL NOT NULL,
  ends_at REAL NOT NULL,
  released INTEGER NOT NULL CHECK (released IN (0, 1)),
  prev_token INTEGER,
  prev_holder TEXT,
  prev_boot INTEGER,
  prev_ended_at REAL,
  prev_released INTEGER,
  forced TEXT
) STRICT;
CREATE TABLE lockscope_sharers (
  key TEXT NOT NULL,
  token INTEGER NOT NULL CHECK (token BETWEEN 1 AND ${maxToken}),
  lease_id TEXT NOT NULL,
  holder TEXT NOT NULL CHECK (length(holder) <= ${maxHolderLength} AND json_valid(holder)),
  share INTEGER NOT NULL CHECK (share >= 0),
  acquired_at REAL NOT NULL,
  ends_at REAL NOT NULL,
  PRIMARY KEY (key, token),
  UNIQUE (key, lease_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE lockscope_waiters (
  key TEXT NOT NULL,
  place INTEGER NOT NULL,
  lease_id TEXT NOT NULL,
  holder TEXT NOT NULL CHECK (length(holder) <= ${maxHolderLength} AND json_valid(holder)),
  since REAL NOT NULL,
  asked_at REAL NOT NULL,
  forget_at REAL NOT NULL,
  share INTEGER,
  behind TEXT,
  asks INTEGER NOT NULL CHECK (asks IN (0, 1)),
  PRIMARY KEY (key, place),
  UNIQUE (key, lease_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE lockscope_turns (
  key TEXT NOT NULL,
  token INTEGER NOT NULL,
  holder TEXT NOT NULL,
  acquired_at REAL NOT NULL,
  ended_at REAL NOT NULL,
  PRIMARY KEY (key, token)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER lockscope_passed BEFORE UPDATE OF lease_id ON lockscope_locks
WHEN EXISTS (SELECT 1 FROM lockscope_waiters WHERE key = old.key AND asks)
  OR EXISTS (SELECT 1 FROM lockscope_turns WHERE key = old.key)
BEGIN
  DELETE FROM lockscope_turns WHERE key = old.key
    AND NOT EXISTS (SELECT 1 FROM lockscope_waiters WHERE key = old.key AND asks);
  INSERT OR REPLACE INTO lockscope_turns (key, token, holder, acquired_at, ended_at)
    SELECT old.key, old.token, old.holder, old.acquired_at, old.ends_at
    WHERE old.lease_id <> '${sharedLease}' AND old.boot = new.boot
      AND EXISTS (SELECT 1 FROM lockscope_waiters WHERE key = old.key AND asks);
  DELETE FROM lockscope_turns WHERE key = old.key AND token <= (
    SELECT token FROM lockscope_turns WHERE key = old.key ORDER BY token DESC LIMIT 1 OFFSET ${2 * mostTurns});
END;
CREATE TRIGGER lockscope_parted AFTER DELETE ON lockscope_sharers
WHEN EXISTS (SELECT 1 FROM lockscope_waiters WHERE key = old.key AND asks)
BEGIN
  INSERT OR REPLACE INTO lockscope_turns (key, token, holder, acquired_at, ended_at)
    VALUES (old.key, old.token, old.holder, old.acquired_at, old.ends_at);
END;
CREATE TRIGGER lockscope_served AFTER UPDATE OF lease_id ON lockscope_locks BEGIN
  DELETE FROM lockscope_waiters WHERE key = new.key AND lease_id = new.lease_id;
END;
`;

/**
 * Makes the tables where there are none, refuses those that are not its own, and notes when the machine has started
 * anew. Any number of processes may do it at once.
 */
export function prepareSchema(connection: Connection, path: string, clock: MachineClock): Boot {
  const { bootId } = clock;
  const certain = bootId !== '';
  const found = readMeta(connection, path);
  if (certain && found?.bootId === bootId) return { ...found.boot, certain };
  const noted = durably(connection, () =>
    connection.transaction(() => {
      const meta = readMeta(connection, path);
      if (certain && meta?.bootId === bootId) return meta.boot;
      const now = clock.monotonic();
      const bootedAt = Math.round(clock.now() - now);
      if (meta === undefined) {
        connection.exec(tables);
        connection.run(insertMeta, bootId, bootedAt);
        return { number: 1, bootedAt };
      }
      const number = meta.bootId === bootId ? meta.boot.number : meta.boot.number + 1;
      connection.run(updateMeta, number, bootId, bootedAt);
      connection.run(removeOldWaiters, number === meta.boot.number ? 0 : 1, now + clockSlackMs);
      connection.run('DELETE FROM lockscope_turns');
      return { number, bootedAt };
    }),
  );
  return { ...noted, certain };
}

const insertMeta = `
INSERT INTO lockscope_meta (id, application, version, boot, boot_id, booted_at, floor)
VALUES (1, 'lockscope', ${schemaVersion}, 1, ?, ?, 0)`;

const updateMeta = `
UPDATE lockscope_meta SET boot = ?, boot_id = ?, booted_at = ?,
  floor = max(floor, (SELECT coalesce(max(token + spare), 0) FROM lockscope_locks WHERE token <= ${maxToken})) + ${tokenJump}`;

const removeOldWaiters = 'DELETE FROM lockscope_waiters WHERE ? OR asked_at > ?';

interface Meta {
  readonly bootId: string;
  readonly boot: Omit<Boot, 'certain'>;
}

function readMeta(connection: Connection, path: string): Meta | undefined {
  const names = connection.all("SELECT name FROM sqlite_schema WHERE name GLOB 'lockscope_*' ORDER BY name");
  if (names.length === 0) return undefined;
  const foreign = `${path} has a table ${String(names[0]?.['name'])} that Lockscope did not make: give another path`;
  let row;
  try {
    row = connection.get('SELECT * FROM lockscope_meta WHERE id = 1');
  } catch (cause) {
    if (failureOf(cause) !== 'ERROR') throw cause;
    throw new SqliteSchemaError(path, undefined, foreign, { cause });
  }
  if (row?.['application'] !== 'lockscope') throw new SqliteSchemaError(path, undefined, foreign);
  const version = Number(row['version']);
  if (version !== schemaVersion) {
    throw new SqliteSchemaError(
      path,
      version,
      `${path} has tables of version ${version}, and this Lockscope has version ${schemaVersion}: let all processes use one version, and remove the file while none of them runs`,
    );
  }
  return {
    bootId: String(row['boot_id']),
    boot: { number: Number(row['boot']), bootedAt: Number(row['booted_at']) },
  };
}

/** What `work` commits survives a power failure, so that the jump of the tokens is never taken twice. */
function durably<T>(connection: Connection, work: () => T): T {
  const before = Number(connection.get('PRAGMA synchronous')?.['synchronous'] ?? 1);
  connection.exec('PRAGMA synchronous = FULL');
  try {
    return work();
  } finally {
    connection.exec(`PRAGMA synchronous = ${before}`);
  }
}
