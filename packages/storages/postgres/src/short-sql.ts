import { longestNews, rememberSql, tokenSlack, withTurnsSql } from './granting-sql.ts';

/**
 * The two functions that clients call most, for the cases that come most: a lock that nobody has or wants, one that
 * somebody has alone, and a release that frees it or hands it to the first in line. Everything else they leave to the
 * functions that know every case, which have the same answers and `any_` before their names.
 *
 * A function that was not called for a tenth of a second costs many times what it costs in a loop, and so does every
 * statement in it. So these have three statements at most and call no other function.
 */
export function shortSql(schema: string, seed: string): string {
  const id = `hashtextextended(p_key COLLATE "C", ${seed})`;
  const clock = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';
  // Another isolation level is refused by the function that knows every case.
  const enter = (otherwise: string): string => `
  IF current_setting('transaction_isolation') <> 'read committed' THEN RETURN ${otherwise}; END IF;
  IF NOT pg_try_advisory_xact_lock(${id}) THEN PERFORM pg_advisory_xact_lock(${id}); END IF;
  v_now := ${clock};`;
  const sound = `${schema}.is_sound(v_it.lease_id, v_it.holder, v_it.token, v_it.acquired_at, v_it.expires_at)`;
  const anyAcquire = `${schema}.any_acquire(p_key, p_lease, p_lease_ms, p_holder, p_share, p_wait_ms, p_waited_ms, p_claim_ms,
      p_behind, p_spare, p_above, p_channel, p_listener, p_mode, p_turns)`;
  const anyRelease = `${schema}.any_release(p_key, p_lease, p_mode)`;
  const slack = `CASE WHEN p_mode = 'grants' THEN ${tokenSlack} ELSE 0 END`;
  return `
CREATE FUNCTION ${schema}.acquire(p_key text, p_lease text, p_lease_ms bigint, p_holder text, p_share double precision,
  p_wait_ms bigint, p_waited_ms bigint, p_claim_ms bigint, p_behind text, p_spare bigint, p_above bigint, p_channel text, p_listener bigint,
  p_mode text, p_turns boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_now bigint;
  v_it record;
  v_token bigint;
  v_text text;
BEGIN
  IF p_share IS NOT NULL THEN RETURN ${anyAcquire}; END IF;${enter(anyAcquire)}
  SELECT l.key, l.lease_id, l.holder, l.token, l.acquired_at, l.expires_at, l.last_token, l.ceiling, l.previous, l.sharing, l.turns,
    q.waiting, q.over, q.mine, q.last INTO v_it
  FROM (SELECT count(*) FILTER (WHERE forget_at > v_now) AS waiting, count(*) FILTER (WHERE forget_at <= v_now) AS over,
      count(*) FILTER (WHERE lease_id = p_lease) AS mine, max(place) AS last
    FROM ${schema}.waiters WHERE key = p_key) q LEFT JOIN ${schema}.locks l ON l.key = p_key;

  IF v_it.key IS NULL OR v_it.sharing OR v_it.mine > 0 THEN RETURN ${anyAcquire}; END IF;

  IF v_it.expires_at > v_now THEN
    IF v_it.lease_id = p_lease OR v_it.over > 0 OR NOT ${sound} THEN RETURN ${anyAcquire}; END IF;
    IF p_wait_ms IS NOT NULL THEN
      INSERT INTO ${schema}.waiters VALUES (p_key, coalesce(v_it.last, 0) + 1, p_lease, p_holder, NULL, v_now - p_waited_ms,
        v_now, v_now + p_wait_ms, p_lease_ms, p_claim_ms, p_spare, p_above, p_behind, p_channel, p_listener, p_turns);
      IF p_turns AND v_it.turns IS NULL THEN
        UPDATE ${schema}.locks SET turns = '{}' WHERE key = p_key;
      END IF;
    END IF;${settle('false')}
    RETURN json_build_object('t', v_now, 'a', v_it.waiting, 'r',
      json_build_array(v_it.lease_id, v_it.holder, v_it.token, v_it.acquired_at, v_it.expires_at, NULL));
  END IF;

  IF v_it.waiting > 0 THEN RETURN ${anyAcquire}; END IF;
  IF v_it.lease_id IS NOT NULL THEN
    v_it.previous := json_build_array(v_it.holder, v_it.token, v_it.expires_at, false);
  END IF;
  v_token := greatest(v_it.ceiling, v_it.last_token, p_above) + 1;
  UPDATE ${schema}.locks SET lease_id = p_lease, holder = p_holder, token = v_token, acquired_at = v_now,
    expires_at = v_now + p_lease_ms, last_token = v_token + p_spare, ceiling = v_token + p_spare + ${slack},
    previous = v_it.previous, touched_at = v_now, turns = NULL WHERE key = p_key;${settle('true')}
  RETURN json_build_object('k', p_key, 't', v_now, 'w', 0, 'p', v_it.previous,
    'g', json_build_array(p_lease, p_holder, v_token, v_now, v_now + p_lease_ms, NULL));
END $$;

CREATE FUNCTION ${schema}.release(p_key text, p_lease text, p_mode text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_now bigint;
  v_it record;
  v_next record;
  v_left bigint;
  v_token bigint;
  v_ceiling bigint;
  v_waiting bigint;
  v_durable boolean := false;
  v_previous text;
  v_turns text[];
  v_text text;
BEGIN${enter(anyRelease)}
  SELECT lease_id, holder, token, acquired_at, expires_at, last_token, ceiling, turns INTO v_it
  FROM ${schema}.locks WHERE key = p_key AND lease_id = p_lease AND expires_at > v_now;

  -- Not found counts as not sound. One who shares the lock is not in this row.
  IF v_it IS NULL OR v_it.lease_id IS NULL OR NOT ${sound} THEN RETURN ${anyRelease}; END IF;
  v_previous := json_build_array(v_it.holder, v_it.token, v_now, true);
  SELECT place, lease_id, holder, share, lease_ms, claim_ms, spare, above, channel, listener, asks, since,
    count(*) OVER () AS waiting INTO v_next
  FROM ${schema}.waiters WHERE key = p_key AND forget_at > v_now ORDER BY place LIMIT 1;

  IF v_next.place IS NULL THEN
    UPDATE ${schema}.locks SET lease_id = NULL, holder = NULL, token = NULL, acquired_at = NULL, expires_at = NULL,
      previous = v_previous, touched_at = v_now, turns = NULL WHERE key = p_key;${settle('false')}
    RETURN '{}';
  END IF;

  IF v_next.share IS NOT NULL OR v_next.listener IS NULL THEN RETURN ${anyRelease}; END IF;
  -- Its connection that listens has ended.
  IF pg_try_advisory_xact_lock_shared(v_next.listener) THEN RETURN ${anyRelease}; END IF;
  v_left := v_it.expires_at - v_now;
  IF v_next.claim_ms < v_next.lease_ms AND v_left BETWEEN v_next.claim_ms / 2 AND v_next.claim_ms THEN
    v_next.claim_ms := v_left;
  END IF;
  v_token := greatest(v_it.last_token, v_next.above) + 1;
  v_ceiling := v_it.ceiling;
  IF p_mode <> 'grants' OR v_next.claim_ms > v_left OR v_token + v_next.spare > v_ceiling THEN
    v_durable := true;
    v_token := greatest(v_ceiling, v_it.last_token, v_next.above) + 1;
    v_ceiling := v_token + v_next.spare + ${slack};
  END IF;
  v_turns := ${rememberSql('v_it.turns', 'v_it.holder', 'v_it.token', 'v_it.acquired_at', 'v_now')};
  DELETE FROM ${schema}.waiters WHERE key = p_key AND place = v_next.place;
  UPDATE ${schema}.locks SET lease_id = v_next.lease_id, holder = v_next.holder, token = v_token, acquired_at = v_now,
    expires_at = v_now + v_next.claim_ms, last_token = v_token + v_next.spare, ceiling = v_ceiling, previous = v_previous,
    touched_at = v_now, turns = v_turns WHERE key = p_key;
  v_text := json_build_object('k', p_key, 't', v_now, 'w', v_next.waiting - 1, 'p', v_previous,
    'g', json_build_array(v_next.lease_id, v_next.holder, v_token, v_now, v_now + v_next.claim_ms, NULL));
  IF v_next.asks THEN
    v_text := ${withTurnsSql('v_text', 'v_turns', 'v_next.since')};
  END IF;
  IF octet_length(v_text) > ${longestNews} THEN
    v_text := json_build_object('k', p_key, 'a', v_next.lease_id);
  END IF;
  v_text := pg_notify(v_next.channel, v_text)::text;${settle('v_durable')}
  RETURN '{}';
END $$;
`;
}

/** As `settle` of the functions that know every case, without a call. */
function settle(durable: string): string {
  return `
  IF p_mode = 'none' OR (p_mode = 'grants' AND NOT ${durable}) THEN
    v_text := set_config('synchronous_commit', 'off', true);
  ELSIF current_setting('synchronous_commit') = 'off' THEN
    v_text := set_config('synchronous_commit', 'on', true);
  END IF;`;
}
