// Every statement of the storage. `{locks}` stands for a table, `:key` for a value. A script is sent as one command and
// carried out without the client: nobody who stands still can keep a row locked.
//
// What is assigned reads only columns that were not assigned before it, so that it does not matter whether a server
// assigns one after the other or all at once. Nothing is read by DATETIME columns or NOW(): sessions have time zones.

import { mostTurns } from '@lockscope/storage';
import type { TableNames } from './tables.ts';

/** Microseconds since 1970, the same throughout a statement. */
export const clock = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))";
const noPlace = Number.MAX_SAFE_INTEGER;

/** Plain reads see what is committed when they run, and misses lock no gaps. Not where the log has only statements. */
export const readCommitted = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED';

/** Locks the key's row, and only then looks at the clock: a lease may have ended while it waited for the row. */
const lockRow = [
  'SELECT COUNT(*) INTO @ls_row FROM {locks} WHERE lock_key = :key FOR UPDATE',
  `SET @ls_now = ${clock}`,
] as const;

const lockColumns = `0 AS kind, ${clock} AS now, l.lock_key, l.lease_id, l.holder, l.fencing_token AS token,
  NULL AS share, l.acquired_at AS began_at, l.ends_at, l.released_at AS marked_at, l.forced, NULL AS place,
  NULL AS behind, l.prev_holder, l.prev_token, l.prev_ended_at, l.prev_released, l.turns`;
const sharerColumns = `1 AS kind, ${clock} AS now, s.lock_key, s.lease_id, s.holder, s.fencing_token AS token,
  s.share, s.acquired_at AS began_at, s.ends_at, NULL AS marked_at, s.forced, NULL AS place,
  NULL AS behind, NULL AS prev_holder, NULL AS prev_token, NULL AS prev_ended_at, NULL AS prev_released, NULL AS turns`;
const waiterColumns = `2 AS kind, ${clock} AS now, w.lock_key, w.lease_id, w.holder, NULL AS token,
  w.share, w.since AS began_at, w.forget_at AS ends_at, w.asked_at AS marked_at, NULL AS forced, w.place,
  w.behind, NULL AS prev_holder, NULL AS prev_token, NULL AS prev_ended_at, NULL AS prev_released, NULL AS turns`;

/** All of one key in one statement, so that it is one moment. The row of the lock is there even when there is none. */
const state = `
SELECT ${lockColumns} FROM (SELECT 1 AS one) o LEFT JOIN {locks} l ON l.lock_key = :key
UNION ALL SELECT ${sharerColumns} FROM {sharers} s WHERE s.lock_key = :key
UNION ALL SELECT ${waiterColumns} FROM {waiters} w WHERE w.lock_key = :key`;

/** The possession in the row of a lock, as a line more of those that gave way to others, where somebody asks for them. */
const turnsAndOne = `IF(turns IS NULL OR l.lease_id IS NULL, turns, SUBSTRING_INDEX(CONCAT_WS(X'0A', NULLIF(turns, ''),
    CONCAT_WS(' ', l.fencing_token, l.acquired_at, COALESCE(l.released_at, l.ends_at), l.holder)), X'0A', -${mostTurns}))`;

/**
 * The columns of a possession that begins, with what it leaves behind. `when`: a condition, or nothing for always; the
 * one that is there is only for locks that nobody waits for, so that nobody asks for past turns.
 */
function possession(when?: string): string {
  const changes: readonly (readonly [string, string])[] = [
    ['turns', when === undefined ? turnsAndOne.replaceAll('l.', '') : 'NULL'],
    ['prev_holder', 'holder'],
    ['prev_token', 'fencing_token'],
    ['prev_ended_at', 'COALESCE(released_at, ends_at)'],
    ['prev_released', 'released_at IS NOT NULL'],
    ['forced', 'NULLIF(forced, :lease)'],
    ['lease_id', ':lease'],
    ['holder', ':holder'],
    ['fencing_token', 'GREATEST(token, :above) + 1'],
    ['token', 'GREATEST(token, :above) + 1 + :spare'],
    ['acquired_at', '@ls_now'],
    ['released_at', 'NULL'],
    ['ends_at', '@ls_now + :leaseUs'],
    ['busy_until', '@ls_now + :leaseUs'],
  ];
  return changes
    .map(([column, value]) => `${column} = ${when === undefined ? value : `IF(${when}, ${value}, ${column})`}`)
    .join(',\n  ');
}

/** A sharer that has ended becomes the last possession in the row of the lock, unless one that ended later is there. */
function lastOfSharers(which: string, endsAt: string, releasedAt: string): string {
  return `
UPDATE {locks} l JOIN (
  SELECT * FROM {sharers} WHERE lock_key = :key AND forced = 0 AND ${which} ORDER BY ends_at DESC, fencing_token DESC LIMIT 1
) s ON s.lock_key = l.lock_key
SET l.turns = ${turnsAndOne.replaceAll('turns', 'l.turns')}, l.lease_id = s.lease_id, l.holder = s.holder, l.fencing_token = s.fencing_token, l.acquired_at = s.acquired_at,
  l.ends_at = ${endsAt}, l.released_at = ${releasedAt}
WHERE l.ends_at <= @ls_now AND COALESCE(l.released_at, l.ends_at) <= COALESCE(${releasedAt}, ${endsAt})`;
}

/**
 * The uncontended acquire: makes the row, or changes it if nobody has the lock, shares it or waits for it. Keys that
 * come back after a sweep start above the floor, which no sweep can raise meanwhile. The row comes last but one.
 */
const take = [
  'BEGIN',
  `SET @ls_now = ${clock}, @ls_floor = (SELECT floor FROM {meta} WHERE id = 1 LOCK IN SHARE MODE)`,
  `
INSERT INTO {locks} (lock_key, token, busy_until, lease_id, holder, fencing_token, acquired_at, ends_at)
VALUES (:key, GREATEST(@ls_floor, :above) + 1 + :spare, @ls_now + :leaseUs, :lease, :holder,
  GREATEST(@ls_floor, :above) + 1, @ls_now, @ls_now + :leaseUs)
ON DUPLICATE KEY UPDATE
  ${possession('busy_until <= @ls_now')}`,
  `SELECT ${lockColumns}, @ls_now AS asked_at FROM {locks} l WHERE l.lock_key = :key`,
  'COMMIT',
];

/** The whole truth of an acquire: tidies up, admits or not, grants or puts into the line. The state comes last but one. */
const contend = [
  readCommitted,
  'BEGIN',
  'SET @ls_floor = (SELECT floor FROM {meta} WHERE id = 1 LOCK IN SHARE MODE)',
  'INSERT INTO {locks} (lock_key, token) VALUES (:key, @ls_floor) ON DUPLICATE KEY UPDATE token = token',
  `SET @ls_now = ${clock}`,
  'DELETE FROM {waiters} WHERE lock_key = :key AND forget_at <= @ls_now',
  lastOfSharers('ends_at <= @ls_now', 's.ends_at', 'NULL'),
  'DELETE FROM {sharers} WHERE lock_key = :key AND ends_at <= @ls_now',
  `SET @ls_place = (SELECT place FROM {waiters} WHERE lock_key = :key AND lease_id = :lease),
  @ls_since = (SELECT since FROM {waiters} WHERE lock_key = :key AND lease_id = :lease AND asks AND :asks),
  @ls_last = (SELECT COALESCE(MAX(place), 0) FROM {waiters} WHERE lock_key = :key),
  @ls_held = (SELECT COUNT(*) FROM {locks} WHERE lock_key = :key AND ends_at > @ls_now),
  @ls_sharing = (SELECT COUNT(*) FROM {sharers} WHERE lock_key = :key AND forced = 0),
  @ls_mine = (SELECT COUNT(*) FROM {locks} WHERE lock_key = :key AND lease_id = :lease AND ends_at > @ls_now)
    + (SELECT COUNT(*) FROM {sharers} WHERE lock_key = :key AND lease_id = :lease AND forced = 0)`,
  `SET @ls_ahead = (SELECT COUNT(*) FROM {waiters} WHERE lock_key = :key AND place < COALESCE(@ls_place, ${noPlace}))`,
  `SET @ls_grant = @ls_mine = 0 AND @ls_held = 0 AND @ls_ahead = 0
  AND IF(:share IS NULL, @ls_sharing = 0, @ls_sharing < :share)`,
  `UPDATE {locks} SET
  ${possession()}
WHERE lock_key = :key AND @ls_grant AND :share IS NULL`,
  `UPDATE {locks} SET token = GREATEST(token, :above) + 1 + :spare
WHERE lock_key = :key AND @ls_grant AND :share IS NOT NULL`,
  `REPLACE INTO {sharers} (lock_key, lease_id, holder, fencing_token, share, acquired_at, ends_at, forced)
SELECT lock_key, :lease, :holder, token - :spare, :share, @ls_now, @ls_now + :leaseUs, 0
FROM {locks} WHERE lock_key = :key AND @ls_grant AND :share IS NOT NULL`,
  'UPDATE {locks} SET ends_at = @ls_now + :leaseUs WHERE lock_key = :key AND lease_id = :lease AND ends_at > @ls_now',
  'UPDATE {sharers} SET ends_at = @ls_now + :leaseUs WHERE lock_key = :key AND lease_id = :lease AND forced = 0',
  'DELETE FROM {waiters} WHERE lock_key = :key AND lease_id = :lease AND (@ls_grant OR @ls_mine)',
  `INSERT INTO {waiters} (lock_key, lease_id, place, holder, share, behind, since, asked_at, forget_at, asks)
SELECT :key, :lease, @ls_last + 1, :holder, :share, :behind, @ls_now - :waitedUs, @ls_now, @ls_now + :waitUs, :asks
FROM DUAL WHERE :waitUs IS NOT NULL AND NOT @ls_grant AND NOT @ls_mine
ON DUPLICATE KEY UPDATE holder = :holder, share = :share, behind = :behind, asked_at = @ls_now,
  forget_at = @ls_now + :waitUs, asks = :asks`,
  `SET @ls_crowd = GREATEST(
  (SELECT COALESCE(MAX(forget_at), 0) FROM {waiters} WHERE lock_key = :key),
  (SELECT COALESCE(MAX(ends_at), 0) FROM {sharers} WHERE lock_key = :key AND forced = 0)),
  @ls_asked = :asks OR EXISTS (SELECT 1 FROM {waiters} WHERE lock_key = :key AND asks)`,
  `UPDATE {locks} SET crowd_until = @ls_crowd, busy_until = GREATEST(ends_at, @ls_crowd),
  turns = IF(@ls_asked, COALESCE(turns, ''), NULL)
WHERE lock_key = :key`,
  state
    .replace('0 AS kind', '0 AS kind, @ls_since AS since')
    .replace('1 AS kind', '1 AS kind, NULL')
    .replace('2 AS kind', '2 AS kind, NULL'),
  'COMMIT',
];

/** Extends a lease of either kind, if it is not over. The state comes last but one. */
const renew = [
  readCommitted,
  'BEGIN',
  ...lockRow,
  `UPDATE {locks} SET busy_until = GREATEST(@ls_now + :leaseUs, crowd_until), holder = COALESCE(:holder, holder),
  fencing_token = GREATEST(fencing_token, :token), token = GREATEST(token, :token), ends_at = @ls_now + :leaseUs
WHERE lock_key = :key AND lease_id = :lease AND ends_at > @ls_now`,
  `UPDATE {locks} l JOIN {sharers} s ON s.lock_key = l.lock_key
SET l.token = GREATEST(l.token, :token), l.crowd_until = GREATEST(l.crowd_until, @ls_now + :leaseUs),
  l.busy_until = GREATEST(l.busy_until, @ls_now + :leaseUs), s.holder = COALESCE(:holder, s.holder),
  s.fencing_token = GREATEST(s.fencing_token, :token), s.ends_at = @ls_now + :leaseUs
WHERE l.lock_key = :key AND s.lease_id = :lease AND s.forced = 0 AND s.ends_at > @ls_now`,
  state,
  'COMMIT',
];

/** Extends many leases that nobody shares: `{renewals}` is a table of them, `{keys}` the keys. The rows come last but one. */
const renewMany = [
  readCommitted,
  'BEGIN',
  'SELECT COUNT(*) INTO @ls_row FROM {locks} WHERE lock_key IN ({keys}) FOR UPDATE',
  `SET @ls_now = ${clock}`,
  `UPDATE {locks} l JOIN ({renewals}) r ON r.lock_key = l.lock_key AND r.lease_id = l.lease_id
SET l.busy_until = GREATEST(@ls_now + r.lease_us, l.crowd_until), l.holder = COALESCE(r.holder, l.holder),
  l.fencing_token = GREATEST(l.fencing_token, r.token), l.token = GREATEST(l.token, r.token),
  l.ends_at = @ls_now + r.lease_us
WHERE l.ends_at > @ls_now`,
  `SELECT ${lockColumns} FROM {locks} l WHERE l.lock_key IN ({keys})`,
  'COMMIT',
];

/** The uncontended release. How many rows it changed says whether it was one. */
const release = [
  'BEGIN',
  `UPDATE {locks} SET busy_until = crowd_until, released_at = ${clock}, ends_at = 0
WHERE lock_key = :key AND lease_id = :lease AND ends_at > ${clock}`,
  'COMMIT',
];

/** Ends a lease of either kind. `@ls_done` says how many; the state comes last but one. */
const releaseAny = [
  readCommitted,
  'BEGIN',
  ...lockRow,
  `SET @ls_done = (SELECT COUNT(*) FROM {locks} WHERE lock_key = :key AND lease_id = :lease AND ends_at > @ls_now)
  + (SELECT COUNT(*) FROM {sharers}
     WHERE lock_key = :key AND lease_id = :lease AND forced = 0 AND ends_at > @ls_now)`,
  `UPDATE {locks} SET busy_until = crowd_until, released_at = @ls_now, ends_at = 0
WHERE lock_key = :key AND lease_id = :lease AND ends_at > @ls_now`,
  lastOfSharers('lease_id = :lease AND ends_at > @ls_now', '0', '@ls_now'),
  'DELETE FROM {sharers} WHERE lock_key = :key AND lease_id = :lease AND forced = 0 AND ends_at > @ls_now',
  'DELETE FROM {waiters} WHERE lock_key = :key AND lease_id = :lease AND :leaves',
  'SELECT @ls_done AS done',
  state,
  'COMMIT',
];

/** A holder that can be read: what Lockscope did not write is not taken away. */
const readable = 'JSON_VALID(CONVERT(holder USING utf8mb4))';

/** Ends all leases of a key, and keeps in mind which. What was there comes in the third answer from the front. */
const force = [
  readCommitted,
  'BEGIN',
  ...lockRow,
  state,
  lastOfSharers(`ends_at > @ls_now AND ${readable}`, '0', '@ls_now'),
  `UPDATE {sharers} SET forced = 1 WHERE lock_key = :key AND forced = 0 AND ends_at > @ls_now AND ${readable}`,
  `UPDATE {locks} SET busy_until = crowd_until, forced = lease_id, released_at = @ls_now, ends_at = 0
WHERE lock_key = :key AND ends_at > @ls_now AND ${readable}`,
  'COMMIT',
];

const read = ['BEGIN', state, 'COMMIT'];

/** A page of keys that are not free, and all of each. One statement: one moment. */
const page = [
  'BEGIN',
  `
WITH page AS (
  SELECT lock_key FROM {locks} WHERE lock_key >= :from AND lock_key <> :after AND busy_until > ${clock}
  ORDER BY lock_key LIMIT :length
)
SELECT ${lockColumns} FROM page p JOIN {locks} l ON l.lock_key = p.lock_key
UNION ALL SELECT ${sharerColumns} FROM page p JOIN {sharers} s ON s.lock_key = p.lock_key
UNION ALL SELECT ${waiterColumns} FROM page p JOIN {waiters} w ON w.lock_key = p.lock_key`,
  'COMMIT',
];

/** Nobody has it, wants it or did so until long enough ago. */
const unused = `GREATEST(busy_until, ends_at, COALESCE(released_at, 0)) <= ${clock} - :olderUs`;

/** Keys that could be forgotten, after a key. */
const unusedKeys = [
  'BEGIN',
  `SELECT lock_key FROM {locks} WHERE lock_key > :after AND ${unused} ORDER BY lock_key LIMIT :length`,
  'COMMIT',
];

/**
 * Forgets keys that are still unused. While it has the row of the floor, nobody gets a lock; one that is released
 * meanwhile stays, because its token may be above the floor.
 */
const sweep = [
  readCommitted,
  'BEGIN',
  'SELECT COUNT(*) INTO @ls_row FROM {meta} WHERE id = 1 FOR UPDATE',
  `UPDATE {meta} SET floor = GREATEST(floor, COALESCE(
  (SELECT MAX(token) FROM {locks} WHERE lock_key IN ({keys}) AND ${unused}), 0)) WHERE id = 1`,
  'SET @ls_floor = (SELECT floor FROM {meta} WHERE id = 1)',
  `DELETE FROM {sharers} WHERE lock_key IN ({keys}) AND ends_at <= ${clock}`,
  `DELETE FROM {waiters} WHERE lock_key IN ({keys}) AND forget_at <= ${clock}`,
  `DELETE FROM {locks} WHERE lock_key IN ({keys}) AND token <= @ls_floor AND ${unused}`,
  'COMMIT',
];

/** Every script, as the text of its statements. */
export type Scripts = Readonly<
  Record<
    | 'take'
    | 'contend'
    | 'renew'
    | 'renewMany'
    | 'release'
    | 'releaseAny'
    | 'force'
    | 'read'
    | 'page'
    | 'unusedKeys'
    | 'sweep',
    readonly string[]
  >
>;

/** The scripts for tables of these names; without {@link readCommitted} where the log has only statements. */
export function scriptsFor(names: TableNames, logsStatements: boolean): Scripts {
  const named = (statement: string): string =>
    statement.replace(/\{(meta|locks|sharers|waiters)\}/g, (_, table: keyof TableNames) => `\`${names[table]}\``);
  const prepared = (statements: readonly string[]): readonly string[] =>
    statements.filter((statement) => !(logsStatements && statement === readCommitted)).map(named);
  return {
    take: prepared(take),
    contend: prepared(contend),
    renew: prepared(renew),
    renewMany: prepared(renewMany),
    release: prepared(release),
    releaseAny: prepared(releaseAny),
    force: prepared(force),
    read: prepared(read),
    page: prepared(page),
    unusedKeys: prepared(unusedKeys),
    sweep: prepared(sweep),
  };
}
