// Every statement of the storage. `?` stands for one parameter each, because the drivers number them differently.

import { mostTurns } from '@lockscope/storage';

const maxToken = Number.MAX_SAFE_INTEGER;
const noPlace = maxToken;

/** The lease id of a row whose lock is shared: who has it stands in a table of its own. No lease is stored like this. */
export const sharedLease = '\u0010';

/** Parameters: boot, now. */
const live = 'NOT l.released AND l.boot = ? AND l.ends_at > ?';

/** A token that no JavaScript number can hold is damage, and some drivers refuse to read it. */
const columns = `l.lease_id, l.holder, l.boot, l.acquired_at, l.stamped_at, l.ends_at, l.released,
  CASE WHEN l.token BETWEEN 1 AND ${maxToken} THEN l.token END AS token,
  l.prev_token, l.prev_holder, l.prev_boot, l.prev_ended_at, l.prev_released, l.forced`;

/** Puts who has a lock into its row. Parameters: key, token above, boot, spare tokens, lease id, holder, boot, now, now, end. */
const put = `
INSERT INTO lockscope_locks AS l
  (key, token, spare, lease_id, holder, boot, acquired_at, stamped_at, ends_at, released)
VALUES (?, (SELECT max(floor, ?) + 1 FROM lockscope_meta WHERE id = 1 AND boot = ?), ?, ?, ?, ?, ?, ?, ?, 0)
ON CONFLICT (key) DO UPDATE SET
  prev_token = l.token, prev_holder = l.holder, prev_boot = l.boot, prev_ended_at = l.ends_at, prev_released = l.released,
  token = max(l.token + l.spare + 1, excluded.token), spare = excluded.spare, lease_id = excluded.lease_id,
  holder = excluded.holder, boot = excluded.boot, acquired_at = excluded.acquired_at,
  stamped_at = excluded.stamped_at, ends_at = excluded.ends_at, released = 0`;

const before = 'RETURNING token, prev_token, prev_holder, prev_boot, prev_ended_at, prev_released';

/**
 * The uncontended acquire. A key without a row has no waiters. The token is null, which the table refuses, when
 * another run of the machine has opened the file. Parameters as of `put`.
 */
export const take: string = `${put}
WHERE (l.released OR l.boot <> excluded.boot OR l.ends_at <= excluded.acquired_at)
  AND NOT EXISTS (
    SELECT 1 FROM lockscope_waiters w
    WHERE w.key = excluded.key AND w.forget_at > excluded.acquired_at AND w.lease_id <> excluded.lease_id
      AND w.place < coalesce((
        SELECT m.place FROM lockscope_waiters m
        WHERE m.key = excluded.key AND m.lease_id = excluded.lease_id AND m.forget_at > excluded.acquired_at), ${noPlace}))
${before}`;

/** Parameters: now, end, key, lease id, boot, now. */
export const extend: string = `
UPDATE lockscope_locks AS l SET stamped_at = ?, ends_at = ? WHERE key = ? AND lease_id = ? AND ${live}`;

/** The same, passed on within a process. Parameters: now, end, token, token, holder, key, lease id, boot, now. */
export const passOn: string = `
UPDATE lockscope_locks AS l SET stamped_at = ?, ends_at = ?,
  token = max(l.token, ?), spare = max(l.token + l.spare - max(l.token, ?), 0), holder = ?
WHERE key = ? AND lease_id = ? AND ${live}`;

/** Parameters: now, key, lease id, boot, now. */
export const release: string = `
UPDATE lockscope_locks AS l SET released = 1, ends_at = ? WHERE key = ? AND lease_id = ? AND ${live}`;

/** Frees it whoever has it. Parameters: now, list of leases that are robbed, key. */
export const free: string = 'UPDATE lockscope_locks SET released = 1, ends_at = ?, forced = ? WHERE key = ?';

/** Of a lock that is shared, who has it. Parameter: now. */
const sharers = `
  CASE WHEN l.lease_id = '${sharedLease}' THEN (SELECT json_group_array(json_array(token, lease_id, holder, share, acquired_at, ends_at)) FROM (
    SELECT s.token, s.lease_id, s.holder, s.share, s.acquired_at, s.ends_at FROM lockscope_sharers s
    WHERE s.key = l.key AND s.ends_at > ? ORDER BY s.token)) END AS sharers`;

/** Parameter: key. */
export const row: string = `SELECT ${columns} FROM lockscope_locks l WHERE key = ?`;

/**
 * The row, with what somebody who asks for the lock has to know: until when its own place in the line is kept, and how
 * many wait before it. Parameters: now, lease id, now, lease id, now, lease id, now, key.
 */
export const look: string = `
SELECT ${columns}, ${sharers},
  (SELECT m.forget_at FROM lockscope_waiters m
   WHERE m.key = l.key AND m.lease_id = ? AND m.forget_at > ?) AS forget_at,
  (SELECT count(*) FROM lockscope_waiters w
   WHERE w.key = l.key AND w.lease_id <> ? AND w.forget_at > ? AND w.place < coalesce((
     SELECT m.place FROM lockscope_waiters m
     WHERE m.key = l.key AND m.lease_id = ? AND m.forget_at > ?), ${noPlace})) AS ahead
FROM lockscope_locks l WHERE l.key = ?`;

/** Parameter: now. */
const waiters = `
  (SELECT json_group_array(json_array(lease_id, holder, since, share, behind, asked_at)) FROM (
    SELECT w.lease_id, w.holder, w.since, w.share, w.behind, w.asked_at FROM lockscope_waiters w
    WHERE w.key = l.key AND w.forget_at > ? ORDER BY w.place)) AS waiters`;

/** Parameters: now, now, key. */
export const state: string = `SELECT ${columns}, ${sharers}, ${waiters} FROM lockscope_locks l WHERE l.key = ?`;

/** A page of held locks. Parameters: now, now, lowest key, key to leave out, boot, now, length of a page. */
export const page: string = `
SELECT l.key, ${columns}, ${sharers}, ${waiters} FROM lockscope_locks l
WHERE l.key >= ? AND l.key <> ? AND ${live} ORDER BY l.key LIMIT ?`;

/** Parameters: key, now. */
export const forgetWaiters: string = 'DELETE FROM lockscope_waiters WHERE key = ? AND forget_at <= ?';

/** Parameters: key, key, lease id, holder, since, now, when to forget it, share, those behind it, whether it asks for past turns. */
export const enqueue: string = `
INSERT INTO lockscope_waiters (key, place, lease_id, holder, since, asked_at, forget_at, share, behind, asks)
VALUES (?, coalesce((SELECT max(place) FROM lockscope_waiters WHERE key = ?), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key, lease_id) DO UPDATE SET
  asked_at = excluded.asked_at, forget_at = excluded.forget_at, behind = excluded.behind, asks = excluded.asks`;

/** The first who shares a lock. Parameters as of `put`, with `sharedLease`. */
export const openToSharers: string = `${put} ${before}`;

/** One more who shares it. Parameters: token above, spare tokens, holder, now, end, key. */
export const admit: string = `
UPDATE lockscope_locks AS l SET
  token = max(l.token + l.spare, ?) + 1, spare = ?, holder = ?, stamped_at = ?, ends_at = max(l.ends_at, ?)
WHERE key = ? ${before}`;

/** Parameters: key, token, lease id, holder, share, now, end. */
export const addSharer: string = `
INSERT INTO lockscope_sharers (key, token, lease_id, holder, share, acquired_at, ends_at) VALUES (?, ?, ?, ?, ?, ?, ?)`;

/** Parameters: end, key, lease id, now. */
export const extendSharer: string = `
UPDATE lockscope_sharers SET ends_at = ? WHERE key = ? AND lease_id = ? AND ends_at > ?`;

/** Parameters: end, token, holder, key, lease id, now. */
export const passOnSharer: string = `
UPDATE lockscope_sharers SET ends_at = ?, token = max(token, ?), holder = ? WHERE key = ? AND lease_id = ? AND ends_at > ?`;

/** The row lasts as long as its sharers, and knows the greatest token. Parameters: now, key, key, key. */
export const followSharers: string = `
UPDATE lockscope_locks SET stamped_at = ?,
  ends_at = (SELECT max(ends_at) FROM lockscope_sharers WHERE key = ?),
  token = max(token, (SELECT max(token) FROM lockscope_sharers WHERE key = ?))
WHERE key = ?`;

/** Ends all of them. Parameters: now, key. */
export const endSharers: string = 'UPDATE lockscope_sharers SET ends_at = min(ends_at, ?) WHERE key = ?';

/** Parameters: key, now. */
export const removeOldSharers: string = 'DELETE FROM lockscope_sharers WHERE key = ? AND ends_at <= ?';

/** Parameter: key. */
export const removeSharers: string = 'DELETE FROM lockscope_sharers WHERE key = ?';

/** Parameters: key, now. */
export const countSharers: string = 'SELECT count(*) AS count FROM lockscope_sharers WHERE key = ? AND ends_at > ?';

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
  max(floor, (SELECT coalesce(max(token + spare), 0) FROM lockscope_locks WHERE key IN (${unused})))`;

/** Parameters: boot, the moment by which it must have ended, how many keys. */
export const removeUnused: string = `DELETE FROM lockscope_locks WHERE key IN (${unused})`;

/** Parameter: now. */
export const removeForgotten: string = 'DELETE FROM lockscope_waiters WHERE forget_at <= ?';

/** Those of keys that are gone. */
export const removeLostSharers: string =
  'DELETE FROM lockscope_sharers WHERE key NOT IN (SELECT key FROM lockscope_locks)';

/** Since when one waits who asks for past turns. Parameters: key, lease id. */
export const asksSince: string = 'SELECT since FROM lockscope_waiters WHERE key = ? AND lease_id = ? AND asks';

/**
 * The possessions that ended since then, the last first: those that gave way to others, and those that nobody has
 * followed yet. Parameters: key, key, now, key, now, boot, since.
 */
export const turns: string = `
SELECT token, holder, acquired_at, ended_at FROM (
  SELECT token, holder, acquired_at, ended_at FROM lockscope_turns WHERE key = ?
  UNION ALL SELECT token, holder, acquired_at, ends_at FROM lockscope_sharers WHERE key = ? AND ends_at <= ?
  UNION ALL SELECT token, holder, acquired_at, ends_at FROM lockscope_locks
    WHERE key = ? AND lease_id <> '${sharedLease}' AND (released OR ends_at <= ?) AND boot = ?
) WHERE ended_at >= ? ORDER BY ended_at DESC, token DESC LIMIT ${mostTurns}`;

/** Those of keys that are gone. */
export const removeLostTurns: string = 'DELETE FROM lockscope_turns WHERE key NOT IN (SELECT key FROM lockscope_locks)';
