import { mostTurns } from '@lockscope/storage';
import { holderPattern, maxHolderLength, maxNumber } from './tables-sql.ts';

/** How far a durable grant jumps over tokens that a commit which a crash took away may have given. */
export const tokenSlack = 256;

/** The longest message that `NOTIFY` takes, and a bit less. */
export const longestNews = 7900;

/** Past turns, null where nobody asked for them, with one more. */
export function rememberSql(turns: string, holder: string, token: string, acquiredAt: string, endedAt: string): string {
  return `CASE WHEN ${turns} IS NOT NULL THEN
    (${turns} || json_build_array(${holder}, ${token}, ${acquiredAt}, ${endedAt})::text)[greatest(cardinality(${turns}) - ${mostTurns - 2}, 1):] END`;
}

/** An answer with the past turns added to it, and since when they count; without them where it gets too long for news. */
export function withTurnsSql(answer: string, turns: string, since: string): string {
  const whole = `left(${answer}, -1) || ', "h": ' || to_json(coalesce(${turns}, '{}')) || ', "s": ' || ${since} || '}'`;
  return `CASE WHEN octet_length(${answer}) + octet_length(coalesce(to_json(${turns})::text, '')) + 40 <= ${longestNews} THEN ${whole} ELSE ${answer} END`;
}

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
CREATE FUNCTION ${schema}.is_sound(p_lease text, p_holder text, p_token bigint, p_acquired_at bigint, p_expires_at bigint)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT (p_lease <> '' AND p_token BETWEEN 1 AND ${maxNumber} AND p_acquired_at BETWEEN 1 AND ${maxNumber}
    AND p_expires_at <= ${maxNumber} AND length(p_holder) <= ${maxHolderLength} AND p_holder LIKE '${holderPattern}') IS TRUE
$$;

-- Past turns with one more, where somebody asked for them.
CREATE FUNCTION ${schema}.remember(p_turns text[], p_holder text, p_token bigint, p_acquired_at bigint, p_ended_at bigint)
RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ${rememberSql('p_turns', 'p_holder', 'p_token', 'p_acquired_at', 'p_ended_at')}
$$;

-- The possession of one lease, if it is not over. The caller has the row of the key.
CREATE FUNCTION ${schema}.possession(p_place ${schema}.locks, p_lease text, p_now bigint) RETURNS ${schema}.holders
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_mine ${schema}.holders;
BEGIN
  IF p_place.lease_id = p_lease AND p_place.expires_at > p_now THEN
    v_mine.key := p_place.key;
    v_mine.lease_id := p_place.lease_id;
    v_mine.holder := p_place.holder;
    v_mine.token := p_place.token;
    v_mine.acquired_at := p_place.acquired_at;
    v_mine.expires_at := p_place.expires_at;
  ELSIF p_place.sharing THEN
    SELECT * INTO v_mine FROM ${schema}.sharers WHERE key = p_place.key AND lease_id = p_lease AND expires_at > p_now;
  END IF;
  RETURN v_mine;
END $$;

-- Who has the lock; of several that share it, the first.
CREATE FUNCTION ${schema}.first_record(p_key text, p_now bigint) RETURNS json LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_record json;
BEGIN
  SELECT json_build_array(lease_id, holder, token, acquired_at, expires_at, NULL) INTO v_record
    FROM ${schema}.locks WHERE key = p_key AND expires_at > p_now;
  IF NOT FOUND THEN
    SELECT json_build_array(lease_id, holder, token, acquired_at, expires_at, share) INTO v_record
      FROM ${schema}.sharers WHERE key = p_key AND expires_at > p_now ORDER BY token LIMIT 1;
  END IF;
  RETURN v_record;
END $$;

-- How many have the lock.
CREATE FUNCTION ${schema}.held(p_place ${schema}.locks, p_now bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_held bigint := 0;
BEGIN
  IF p_place.sharing THEN
    SELECT count(*) INTO v_held FROM ${schema}.sharers WHERE key = p_place.key AND expires_at > p_now;
  ELSIF p_place.expires_at > p_now THEN
    v_held := 1;
  END IF;
  RETURN v_held;
END $$;

-- Gives the lock: the caller knows that it may, and has the row of the key, if there is one. What ended without a word
-- is put on record as the one before.
CREATE FUNCTION ${schema}.give(p_key text, p_lease text, p_holder text, p_share double precision, p_lease_ms bigint,
  p_spare bigint, p_above bigint, p_waiting bigint, p_now bigint, p_mode text, INOUT v_place ${schema}.locks,
  INOUT p_durable boolean, OUT p_grant text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_over ${schema}.sharers;
  v_token bigint;
  v_is_new boolean := v_place.key IS NULL;
BEGIN
  IF v_is_new THEN
    SELECT floor, floor INTO v_place.last_token, v_place.ceiling FROM ${schema}.meta;
  ELSIF v_place.lease_id IS NOT NULL THEN
    v_place.previous := json_build_array(v_place.holder, v_place.token, v_place.expires_at, false);
    v_place.turns := ${schema}.remember(v_place.turns, v_place.holder, v_place.token, v_place.acquired_at, v_place.expires_at);
  ELSIF v_place.sharing THEN
    SELECT * INTO v_over FROM ${schema}.sharers WHERE key = p_key AND expires_at <= p_now
      ORDER BY expires_at DESC, token DESC LIMIT 1;
    IF FOUND THEN
      v_place.previous := json_build_array(v_over.holder, v_over.token, v_over.expires_at, false);
      IF v_place.turns IS NOT NULL THEN
        FOR v_over IN SELECT * FROM ${schema}.sharers WHERE key = p_key AND expires_at <= p_now ORDER BY expires_at, token LOOP
          v_place.turns := ${schema}.remember(v_place.turns, v_over.holder, v_over.token, v_over.acquired_at, v_over.expires_at);
        END LOOP;
      END IF;
      DELETE FROM ${schema}.sharers WHERE key = p_key AND expires_at <= p_now;
    END IF;
  END IF;
  v_token := greatest(v_place.last_token, p_above) + 1;
  IF p_durable OR v_token + p_spare > v_place.ceiling THEN
    p_durable := true;
    v_token := greatest(v_place.ceiling, v_place.last_token, p_above) + 1;
    v_place.ceiling := v_token + p_spare + CASE WHEN p_mode = 'grants' THEN ${tokenSlack} ELSE 0 END;
  END IF;
  v_place.key := p_key;
  v_place.last_token := v_token + p_spare;
  v_place.touched_at := p_now;
  v_place.sharing := p_share IS NOT NULL;
  IF p_share IS NULL THEN
    v_place.lease_id := p_lease;
    v_place.holder := p_holder;
    v_place.token := v_token;
    v_place.acquired_at := p_now;
    v_place.expires_at := p_now + p_lease_ms;
  ELSE
    v_place.lease_id := NULL;
    v_place.holder := NULL;
    v_place.token := NULL;
    v_place.acquired_at := NULL;
    v_place.expires_at := NULL;
    INSERT INTO ${schema}.sharers VALUES (p_key, p_lease, p_holder, v_token, p_now, p_now + p_lease_ms, p_share);
  END IF;
  IF v_is_new THEN
    INSERT INTO ${schema}.locks SELECT v_place.*;
  ELSE
    UPDATE ${schema}.locks SET lease_id = v_place.lease_id, holder = v_place.holder, token = v_place.token,
      acquired_at = v_place.acquired_at, expires_at = v_place.expires_at, last_token = v_place.last_token,
      ceiling = v_place.ceiling, previous = v_place.previous, touched_at = p_now, sharing = v_place.sharing,
      turns = v_place.turns
    WHERE key = p_key;
  END IF;
  p_grant := json_build_object('k', p_key, 't', p_now, 'w', p_waiting, 'p', v_place.previous,
    'g', json_build_array(p_lease, p_holder, v_token, p_now, p_now + p_lease_ms, p_share));
END $$;

-- Hands the lock to the first who waits, and to those behind who share it with that one, and tells them. For one that
-- does not listen it is kept. The caller has the row of the key as it is to be, and knows how many have the lock. p_until
-- is the end of the lease that was given up, null where nobody gave one up: no lease that goes beyond it is given without
-- a durable commit. Gives how many got the lock (then the row was written) and whether the commit has to be durable.
CREATE FUNCTION ${schema}.pass_on(p_place ${schema}.locks, p_held bigint, p_now bigint, p_until bigint, p_mode text,
  OUT p_count integer, OUT p_durable boolean) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_next ${schema}.waiters;
  v_waiting bigint;
  v_left bigint := p_until - p_now;
  v_gift record;
BEGIN
  p_count := 0;
  p_durable := false;
  FOR v_next IN SELECT * FROM ${schema}.waiters WHERE key = p_place.key AND forget_at > p_now ORDER BY place LOOP
    EXIT WHEN v_next.listener IS NULL;
    -- Its connection that listens has ended: nobody keeps that lock.
    CONTINUE WHEN pg_try_advisory_xact_lock_shared(v_next.listener);
    EXIT WHEN p_held > 0 AND NOT coalesce(p_place.sharing AND p_held < v_next.share, false);
    DELETE FROM ${schema}.waiters WHERE key = p_place.key AND place = v_next.place;
    SELECT count(*) INTO v_waiting FROM ${schema}.waiters WHERE key = p_place.key AND forget_at > p_now;
    -- A claim may be up to a half shorter, if then it ends in time: in a row of short possessions none is renewed.
    IF v_next.claim_ms < v_next.lease_ms AND v_left BETWEEN v_next.claim_ms / 2 AND v_next.claim_ms THEN
      v_next.claim_ms := v_left;
    END IF;
    v_gift := ${schema}.give(v_next.key, v_next.lease_id, v_next.holder, v_next.share, v_next.claim_ms,
      v_next.spare, v_next.above, v_waiting, p_now, p_mode, p_place,
      p_mode <> 'grants' OR coalesce(v_next.claim_ms > v_left, true));
    p_place := v_gift.v_place;
    p_held := p_held + 1;
    p_count := p_count + 1;
    p_durable := p_durable OR v_gift.p_durable;
    IF v_next.asks THEN
      v_gift.p_grant := ${withTurnsSql('v_gift.p_grant', 'p_place.turns', 'v_next.since')};
    END IF;
    IF octet_length(v_gift.p_grant) > ${longestNews} THEN
      v_gift.p_grant := json_build_object('k', v_next.key, 'a', v_next.lease_id);
    END IF;
    PERFORM pg_notify(v_next.channel, v_gift.p_grant);
  END LOOP;
END $$;

-- Ends a possession. Gives whether the commit has to be durable.
CREATE FUNCTION ${schema}.give_back(p_place ${schema}.locks, p_mine ${schema}.holders, p_now bigint, p_mode text)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_passed record;
BEGIN
  IF p_mine.share IS NOT NULL THEN
    DELETE FROM ${schema}.sharers WHERE key = p_mine.key AND lease_id = p_mine.lease_id;
  END IF;
  p_place.lease_id := NULL;
  p_place.holder := NULL;
  p_place.token := NULL;
  p_place.acquired_at := NULL;
  p_place.expires_at := NULL;
  p_place.previous := json_build_array(p_mine.holder, p_mine.token, p_now, true);
  p_place.turns := ${schema}.remember(p_place.turns, p_mine.holder, p_mine.token, p_mine.acquired_at, p_now);
  v_passed := ${schema}.pass_on(p_place, ${schema}.held(p_place, p_now), p_now, p_mine.expires_at, p_mode);
  IF v_passed.p_count = 0 THEN
    UPDATE ${schema}.locks SET lease_id = NULL, holder = NULL, token = NULL, acquired_at = NULL, expires_at = NULL,
      previous = p_place.previous, turns = p_place.turns, touched_at = p_now WHERE key = p_mine.key;
  END IF;
  RETURN v_passed.p_durable;
END $$;
`;
}
