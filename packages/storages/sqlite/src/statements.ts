// Every statement of the storage. `?` stands for one parameter each, because the drivers number them differently.

const maxToken = Number.MAX_SAFE_INTEGER;
const noPlace = maxToken;

/** Parameters: boot, now. */
const live = 'NOT l.released AND l.boot = ? AND l.ends_at > ?';

/** A token that no JavaScript number can hold is damage, and some drivers refuse to read it. */
const columns = `l.lease_id, l.holder, l.boot, l.acquired_at, l.stamped_at, l.ends_at, l.released,
  CASE WHEN l.token BETWEEN 1 AND ${maxToken} THEN l.token END AS token,
  l.prev_token, l.prev_holder, l.prev_boot, l.prev_ended_at, l.prev_released`;

/**
 * The uncontended acquire. A key without a row has no waiters. The token is null, which the table refuses, when
 * another run of the machine has opened the file. Parameters: key, boot, lease id, holder, boot, now, now, end.
 */
export const take: string = `
INSERT INTO lockscope_locks AS l (key, token, lease_id, holder, boot, acquired_at, stamped_at, ends_at, released)
VALUES (?, (SELECT floor + 1 FROM lockscope_meta WHERE id = 1 AND boot = ?), ?, ?, ?, ?, ?, ?, 0)
ON CONFLICT (key) DO UPDATE SET
  prev_token = l.token, prev_holder = l.holder, prev_boot = l.boot, prev_ended_at = l.ends_at, prev_released = l.released,
  token = max(l.token + 1, excluded.token), lease_id = excluded.lease_id, holder = excluded.holder,
  boot = excluded.boot, acquired_at = excluded.acquired_at, stamped_at = excluded.stamped_at,
  ends_at = excluded.ends_at, released = 0
WHERE (l.released OR l.boot <> excluded.boot OR l.ends_at <= excluded.acquired_at)
  AND NOT EXISTS (
    SELECT 1 FROM lockscope_waiters w
    WHERE w.key = excluded.key AND w.forget_at > excluded.acquired_at AND w.lease_id <> excluded.lease_id
      AND w.place < coalesce((
        SELECT m.place FROM lockscope_waiters m
        WHERE m.key = excluded.key AND m.lease_id = excluded.lease_id AND m.forget_at > excluded.acquired_at), ${noPlace}))
RETURNING token, prev_token, prev_holder, prev_boot, prev_ended_at, prev_released`;

/** Parameters: now, end, key, lease id, boot, now. */
export const extend: string = `
UPDATE lockscope_locks AS l SET stamped_at = ?, ends_at = ? WHERE key = ? AND lease_id = ? AND ${live}`;

/** Parameters: now, key, lease id, boot, now. */
export const release: string = `
UPDATE lockscope_locks AS l SET released = 1, ends_at = ? WHERE key = ? AND lease_id = ? AND ${live}`;

/** Frees it whoever has it. Parameters: now, key. */
export const free: string = 'UPDATE lockscope_locks SET released = 1, ends_at = ? WHERE key = ?';

/** Parameter: key. */
export const row: string = `SELECT ${columns} FROM lockscope_locks l WHERE key = ?`;

/**
 * The row, with what somebody who asks for the lock has to know: until when its own place in the line is kept, and how
 * many wait before it. Parameters: lease id, now, lease id, now, lease id, now, key.
 */
export const look: string = `
SELECT ${columns},
  (SELECT m.forget_at FROM lockscope_waiters m
   WHERE m.key = l.key AND m.lease_id = ? AND m.forget_at > ?) AS forget_at,
  (SELECT count(*) FROM lockscope_waiters w
   WHERE w.key = l.key AND w.lease_id <> ? AND w.forget_at > ? AND w.place < coalesce((
     SELECT m.place FROM lockscope_waiters m
     WHERE m.key = l.key AND m.lease_id = ? AND m.forget_at > ?), ${noPlace})) AS ahead
FROM lockscope_locks l WHERE l.key = ?`;

/** Parameter: now. */
const waiters = `
  (SELECT json_group_array(json_array(lease_id, holder, since)) FROM (
    SELECT w.lease_id, w.holder, w.since FROM lockscope_waiters w
    WHERE w.key = l.key AND w.forget_at > ? ORDER BY w.place)) AS waiters`;

/** Parameters: now, key. */
export const state: string = `SELECT ${columns}, ${waiters} FROM lockscope_locks l WHERE l.key = ?`;

/** A page of held locks. Parameters: now, lowest key, key to leave out, boot, now, length of a page. */
export const page: string = `
SELECT l.key, ${columns}, ${waiters} FROM lockscope_locks l
WHERE l.key >= ? AND l.key <> ? AND ${live} ORDER BY l.key LIMIT ?`;

/** Parameters: key, now. */
export const forgetWaiters: string = 'DELETE FROM lockscope_waiters WHERE key = ? AND forget_at <= ?';

/** Parameters: key, key, lease id, holder, now, when to forget it. */
export const enqueue: string = `
INSERT INTO lockscope_waiters (key, place, lease_id, holder, since, forget_at)
VALUES (?, coalesce((SELECT max(place) FROM lockscope_waiters WHERE key = ?), 0) + 1, ?, ?, ?, ?)
ON CONFLICT (key, lease_id) DO UPDATE SET forget_at = excluded.forget_at`;

/** Parameters: key, lease id. */
export const leave: string = 'DELETE FROM lockscope_waiters WHERE key = ? AND lease_id = ?';

/** Marks a row as one of an earlier run of the machine. Parameter: key. */
export const outdate: string = 'UPDATE lockscope_locks SET boot = 0 WHERE key = ?';

/** Parameter: boot. */
export const sameBoot: string = 'SELECT 1 AS same FROM lockscope_meta WHERE id = 1 AND boot = ?';

/** Keys that nobody has or wants. Parameters: boot, the moment by which it must have ended, how many keys. */
const unused = `
SELECT l.key FROM lockscope_locks l
WHERE (l.boot <> ? OR l.ends_at <= ?) AND json_valid(l.holder) AND l.token BETWEEN 1 AND ${maxToken}
  AND NOT EXISTS (SELECT 1 FROM lockscope_waiters w WHERE w.key = l.key) ORDER BY l.key LIMIT ?`;

/** Keys that come back start above every token that was given. Parameters as of `removeUnused`. */
export const raiseFloor: string = `
UPDATE lockscope_meta SET floor =
  max(floor, (SELECT coalesce(max(token), 0) FROM lockscope_locks WHERE key IN (${unused})))`;

/** Parameters: boot, the moment by which it must have ended, how many keys. */
export const removeUnused: string = `DELETE FROM lockscope_locks WHERE key IN (${unused})`;

/** Parameter: now. */
export const removeForgotten: string = 'DELETE FROM lockscope_waiters WHERE forget_at <= ?';
