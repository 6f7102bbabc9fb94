import { holderPattern, maxHolderLength, maxNumber } from './tables-sql.ts';

/** How far a durable grant jumps over tokens that a commit which a crash took away may have given. */
export const tokenSlack = 256;

/**
 * The inner functions, of which every operation is made. They work on one key, whose lock the operation has.
 *
 * A commit that waits for the disk is durable. The hand-over of a release need not be: when a crash takes it away,
 * the one who released is on record again. So it is made without waiting only where the lease of the next one ends no
 * later than that one's would have, and its token is below `ceiling`, above which every durable grant goes.
 */
export function grantingSql(schema: string, seed: string): string {
  return `
CREATE FUNCTION ${schema}.now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
$$;

CREATE FUNCTION ${schema}.lock_id(p_key text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT hashtextextended(p_key COLLATE "C", ${seed})
$$;

-- One at a time for each key, until the end of the transaction. Gives the time after it was this one's turn.
CREATE FUNCTION ${schema}.enter(p_key text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'Lockscope needs the isolation level read committed, this connection has %',
      current_setting('transaction_isolation') USING ERRCODE = '25001';
  END IF;
  PERFORM pg_advisory_xact_lock(${schema}.lock_id(p_key));
  RETURN ${schema}.now_ms();
END $$;

-- Whether this commit waits for the disk. A setting of the server that waits for more is left as it is.
CREATE FUNCTION ${schema}.settle(p_mode text, p_durable boolean) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF p_mode = 'none' OR (p_mode = 'grants' AND NOT p_durable) THEN
    PERFORM set_config('synchronous_commit', 'off', true);
  ELSIF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
END $$;

-- Whether a holder is one that Lockscope wrote, as far as it can be seen without reading its JSON.
CREATE FUNCTION ${schema}.is_sound(h ${schema}.holders) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT (h.lease_id <> '' AND h.token BETWEEN 1 AND ${maxNumber} AND h.acquired_at BETWEEN 1 AND ${maxNumber}
    AND h.expires_at <= ${maxNumber} AND length(h.holder) <= ${maxHolderLength}
    AND h.holder LIKE '${holderPattern}') IS TRUE
$$;

CREATE FUNCTION ${schema}.record_of(h ${schema}.holders) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT json_build_array(h.lease_id, h.holder, h.token, h.acquired_at, h.expires_at, h.share)
$$;

CREATE FUNCTION ${schema}.first_record(p_key text, p_now bigint) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT ${schema}.record_of(h) FROM ${schema}.holders h
  WHERE h.key = p_key AND h.expires_at > p_now ORDER BY h.token LIMIT 1
$$;

CREATE FUNCTION ${schema}.ending(h ${schema}.holders, p_at bigint, p_released boolean) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT json_build_array(h.holder, h.token, p_at, p_released)::text
$$;

-- Whether somebody who waits behind a listener is gone: its connection, which keeps this lock, has ended.
CREATE FUNCTION ${schema}.is_gone(p_listener bigint) RETURNS boolean LANGUAGE sql VOLATILE AS $$
  SELECT pg_try_advisory_xact_lock_shared(p_listener)
$$;

CREATE FUNCTION ${schema}.admits(p_key text, p_share double precision, p_now bigint) RETURNS boolean LANGUAGE sql VOLATILE AS $$
  SELECT count(*) = 0 OR (p_share IS NOT NULL AND bool_and(h.share IS NOT NULL) AND count(*) < p_share)
  FROM ${schema}.holders h WHERE h.key = p_key AND h.expires_at > p_now
$$;

-- Gives the lock: the caller knows that it may. What ended without a word is put on record as the one before.
CREATE FUNCTION ${schema}.give(p_key text, p_lease text, p_holder text, p_share double precision, p_lease_ms bigint,
  p_spare bigint, p_above bigint, p_waiting bigint, p_now bigint, p_mode text, INOUT p_durable boolean, OUT p_grant text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_place ${schema}.locks;
  v_over ${schema}.holders;
  v_token bigint;
  v_last bigint;
BEGIN
  SELECT * INTO v_place FROM ${schema}.locks WHERE key = p_key;
  IF v_place.key IS NULL THEN
    SELECT floor, floor INTO v_place.last_token, v_place.ceiling FROM ${schema}.meta;
  ELSE
    SELECT * INTO v_over FROM ${schema}.holders h WHERE h.key = p_key AND h.expires_at <= p_now
      ORDER BY h.expires_at DESC, h.token DESC LIMIT 1;
    IF v_over.key IS NOT NULL THEN
      v_place.previous := ${schema}.ending(v_over, v_over.expires_at, false);
      DELETE FROM ${schema}.sharers WHERE key = p_key AND expires_at <= p_now;
    END IF;
  END IF;
  v_token := greatest(v_place.last_token, p_above) + 1;
  IF v_token + p_spare > v_place.ceiling THEN p_durable := true; END IF;
  IF p_durable THEN
    v_token := greatest(v_place.ceiling, v_place.last_token, p_above) + 1;
    v_place.ceiling := v_token + p_spare + CASE WHEN p_mode = 'grants' THEN ${tokenSlack} ELSE 0 END;
  END IF;
  v_last := v_token + p_spare;
  IF p_share IS NULL THEN
    INSERT INTO ${schema}.locks AS l VALUES (p_key, p_lease, p_holder, v_token, p_now, p_now + p_lease_ms,
      v_last, v_place.ceiling, v_place.previous, p_now)
    ON CONFLICT (key) DO UPDATE SET lease_id = excluded.lease_id, holder = excluded.holder, token = excluded.token,
      acquired_at = excluded.acquired_at, expires_at = excluded.expires_at, last_token = excluded.last_token,
      ceiling = excluded.ceiling, previous = excluded.previous, touched_at = excluded.touched_at;
  ELSE
    INSERT INTO ${schema}.locks AS l VALUES (p_key, NULL, NULL, NULL, NULL, NULL,
      v_last, v_place.ceiling, v_place.previous, p_now)
    ON CONFLICT (key) DO UPDATE SET lease_id = NULL, holder = NULL, token = NULL, acquired_at = NULL, expires_at = NULL,
      last_token = excluded.last_token, ceiling = excluded.ceiling, previous = excluded.previous,
      touched_at = excluded.touched_at;
    INSERT INTO ${schema}.sharers VALUES (p_key, p_lease, p_holder, v_token, p_now, p_now + p_lease_ms, p_share);
  END IF;
  p_grant := json_build_object('k', p_key, 't', p_now, 'w', p_waiting, 'p', v_place.previous,
    'g', json_build_array(p_lease, p_holder, v_token, p_now, p_now + p_lease_ms, p_share))::text;
END $$;

-- Hands the lock to the first who waits, and to those behind who share it with that one, and tells them. For one that
-- does not listen it is kept. p_until is the end of the lease that was given up, null where nobody gave one up. Gives
-- whether the commit has to be durable.
CREATE FUNCTION ${schema}.pass_on(p_key text, p_now bigint, p_until bigint, p_mode text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_next ${schema}.waiters;
  v_durable boolean := false;
  v_waiting bigint;
  v_grant record;
BEGIN
  FOR v_next IN SELECT * FROM ${schema}.waiters WHERE key = p_key AND forget_at > p_now ORDER BY place LOOP
    EXIT WHEN v_next.listener IS NULL;
    CONTINUE WHEN ${schema}.is_gone(v_next.listener);
    EXIT WHEN NOT ${schema}.admits(p_key, v_next.share, p_now);
    DELETE FROM ${schema}.waiters WHERE key = p_key AND place = v_next.place;
    SELECT count(*) INTO v_waiting FROM ${schema}.waiters WHERE key = p_key AND forget_at > p_now;
    SELECT * INTO v_grant FROM ${schema}.give(p_key, v_next.lease_id, v_next.holder, v_next.share, v_next.claim_ms,
      v_next.spare, v_next.above, v_waiting, p_now, p_mode,
      p_until IS NULL OR p_mode <> 'grants' OR p_now + v_next.claim_ms > p_until);
    v_durable := v_durable OR v_grant.p_durable;
    IF octet_length(v_grant.p_grant) > 7900 THEN
      v_grant.p_grant := json_build_object('a', v_next.lease_id)::text;
    END IF;
    PERFORM pg_notify(v_next.channel, v_grant.p_grant);
  END LOOP;
  RETURN v_durable;
END $$;
`;
}
