/** The version of the tables below. Tables of another version are refused. */
export const schemaVersion = 2;

/** Stands in the comment of every table, so that a table of the same name that somebody else made is told apart. */
export const tableComment = 'lockscope';

/** The longest that a row keeps of a key, a lease and a holder, in bytes. */
export const longest: { readonly key: number; readonly leaseId: number; readonly holder: number } = Object.freeze({
  key: 2560,
  leaseId: 255,
  holder: 8192,
});

const maxToken = Number.MAX_SAFE_INTEGER;
const tail = `ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET = utf8mb4 COMMENT = '${tableComment}'`;

/** The tables by what they are for, with their names. */
export interface TableNames {
  readonly meta: string;
  readonly locks: string;
  readonly sharers: string;
  readonly waiters: string;
}

/** The names of the tables under a prefix. */
export function tableNames(prefix: string): TableNames {
  return {
    meta: `${prefix}meta`,
    locks: `${prefix}locks`,
    sharers: `${prefix}sharers`,
    waiters: `${prefix}waiters`,
  };
}

/**
 * What makes the tables, one statement each. Times are microseconds since 1970 by the server's clock.
 *
 * `busy_until` decides whether a lock can be had without looking any further: until then somebody has it, or may share
 * it, or may wait for it. `crowd_until` is its part that is not the holder's: it may be later than the truth, never
 * earlier. `token` is the highest that was given or is kept free. `turns` has a line for each possession that gave way
 * to another since somebody stands in line who `asks` for them; null when nobody does.
 */
export function createTables(names: TableNames): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS \`${names.meta}\` (
  id TINYINT NOT NULL PRIMARY KEY,
  version INT NOT NULL,
  floor BIGINT NOT NULL
) ${tail}`,
    `CREATE TABLE IF NOT EXISTS \`${names.locks}\` (
  lock_key VARBINARY(${longest.key}) NOT NULL PRIMARY KEY,
  token BIGINT NOT NULL CHECK (token BETWEEN 0 AND ${maxToken}),
  busy_until BIGINT NOT NULL DEFAULT 0,
  crowd_until BIGINT NOT NULL DEFAULT 0,
  lease_id VARBINARY(${longest.leaseId}),
  holder VARBINARY(${longest.holder}),
  fencing_token BIGINT,
  acquired_at BIGINT,
  ends_at BIGINT NOT NULL DEFAULT 0,
  released_at BIGINT,
  forced VARBINARY(${longest.leaseId}),
  prev_holder VARBINARY(${longest.holder}),
  prev_token BIGINT,
  prev_ended_at BIGINT,
  prev_released TINYINT,
  turns MEDIUMBLOB
) ${tail}`,
    `CREATE TABLE IF NOT EXISTS \`${names.sharers}\` (
  lock_key VARBINARY(${longest.key}) NOT NULL,
  lease_id VARBINARY(${longest.leaseId}) NOT NULL,
  holder VARBINARY(${longest.holder}) NOT NULL,
  fencing_token BIGINT NOT NULL,
  share BIGINT NOT NULL,
  acquired_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  forced TINYINT NOT NULL,
  PRIMARY KEY (lock_key, lease_id)
) ${tail}`,
    `CREATE TABLE IF NOT EXISTS \`${names.waiters}\` (
  lock_key VARBINARY(${longest.key}) NOT NULL,
  lease_id VARBINARY(${longest.leaseId}) NOT NULL,
  place BIGINT NOT NULL,
  holder VARBINARY(${longest.holder}) NOT NULL,
  share BIGINT,
  behind MEDIUMBLOB,
  since BIGINT NOT NULL,
  asked_at BIGINT NOT NULL,
  forget_at BIGINT NOT NULL,
  asks TINYINT NOT NULL,
  PRIMARY KEY (lock_key, lease_id)
) ${tail}`,
    `INSERT IGNORE INTO \`${names.meta}\` (id, version, floor) VALUES (1, ${schemaVersion}, 0)`,
  ];
}
