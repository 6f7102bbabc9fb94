import { tokenSlack } from './granting-sql.ts';
import { maxNumber } from './tables-sql.ts';

/**
 * What clients call, one function for each operation. Answers are JSON with short names:
 *
 * - `g` the record that was given, `p` who had it before, `w` how many wait, `k` its key
 * - `r` who has the lock instead, `a` how many wait before, `f` whether it was taken away by force
 * - `h` past turns, to who asked, `s` since when they count
 * - `x` the record is not one of Lockscope's, `t` the time on the server
 */
export function operationsSql(schema: string): string {
  return `
-- The answer about a record that is not one of Lockscope's; null when all are.
CREATE FUNCTION ${schema}.foreign_record(p_key text, p_now bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM ${schema}.holders h WHERE h.key = p_key AND h.expires_at > p_now
    AND NOT ${schema}.is_sound(h.lease_id, h.holder, h.token, h.acquired_at, h.expires_at);
  IF FOUND THEN RETURN json_build_object('x', true, 't', p_now); END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION ${schema}.refusal(p_key text, p_lease text, p_now bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_foreign text := ${schema}.foreign_record(p_key, p_now);
BEGIN
  IF v_foreign IS NOT NULL THEN RETURN v_foreign; END IF;
  PERFORM FROM ${schema}.forced WHERE key = p_key AND lease_id = p_lease AND until > p_now;
  RETURN json_build_object('t', p_now, 'f', FOUND, 'r', ${schema}.first_record(p_key, p_now));
END $$;

CREATE FUNCTION ${schema}.any_acquire(p_key text, p_lease text, p_lease_ms bigint, p_holder text, p_share double precision,
  p_wait_ms bigint, p_waited_ms bigint, p_claim_ms bigint, p_behind text, p_spare bigint, p_above bigint, p_channel text, p_listener bigint,
  p_mode text, p_turns boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_now bigint := ${schema}.enter(p_key);
  v_since bigint;
  v_place ${schema}.locks;
  v_held bigint;
  v_passed record;
  v_waiting bigint;
  v_spot bigint;
  v_first ${schema}.waiters;
  v_grant record;
BEGIN
  SELECT * INTO v_place FROM ${schema}.locks WHERE key = p_key;
  v_held := ${schema}.held(v_place, v_now);
  IF v_held > 0 AND ${schema}.foreign_record(p_key, v_now) IS NOT NULL THEN
    RETURN ${schema}.foreign_record(p_key, v_now);
  END IF;
  SELECT count(*), min(place) FILTER (WHERE lease_id = p_lease)
    INTO v_waiting, v_spot FROM ${schema}.waiters WHERE key = p_key AND forget_at > v_now;
  IF v_held > 0 AND (${schema}.possession(v_place, p_lease, v_now)).key IS NOT NULL THEN
    PERFORM ${schema}.settle(p_mode, true);
    RETURN ${schema}.give_again(p_key, p_lease, p_lease_ms, v_waiting, v_now);
  END IF;

  IF p_turns AND v_spot IS NOT NULL THEN
    SELECT since INTO v_since FROM ${schema}.waiters WHERE key = p_key AND place = v_spot;
  ELSIF v_waiting = 0 THEN
    v_place.turns := NULL;
  END IF;

  IF v_waiting > 0 THEN
    FOR v_first IN SELECT * FROM ${schema}.waiters
      WHERE key = p_key AND forget_at > v_now AND place < coalesce(v_spot, ${maxNumber}) ORDER BY place LOOP
      EXIT WHEN v_first.listener IS NULL OR NOT pg_try_advisory_xact_lock_shared(v_first.listener);
      v_first := NULL;
    END LOOP;
  END IF;

  IF v_first.key IS NULL AND (v_held = 0 OR coalesce(v_place.sharing AND v_held < p_share, false)) THEN
    IF v_spot IS NOT NULL THEN
      DELETE FROM ${schema}.waiters WHERE key = p_key AND place = v_spot;
      v_waiting := v_waiting - 1;
    END IF;
    v_grant := ${schema}.give(p_key, p_lease, p_holder, p_share, p_lease_ms, p_spare, p_above,
      v_waiting, v_now, p_mode, v_place, true);
    IF v_waiting > 0 AND p_share IS NOT NULL THEN
      PERFORM ${schema}.pass_on(v_grant.v_place, v_held + 1, v_now, NULL, p_mode);
    END IF;
    PERFORM ${schema}.settle(p_mode, true);
    RETURN ${schema}.with_turns(v_grant.p_grant, p_key, v_since, v_now);
  END IF;

  IF p_wait_ms IS NOT NULL THEN
    DELETE FROM ${schema}.waiters WHERE key = p_key AND forget_at <= v_now;
    INSERT INTO ${schema}.waiters AS w VALUES (p_key,
      coalesce((SELECT max(place) FROM ${schema}.waiters WHERE key = p_key), 0) + 1,
      p_lease, p_holder, p_share, v_now - p_waited_ms, v_now, v_now + p_wait_ms, p_lease_ms, p_claim_ms, p_spare, p_above, p_behind,
      p_channel, p_listener, p_turns)
    ON CONFLICT (key, lease_id) DO UPDATE SET holder = excluded.holder, share = excluded.share,
      asked_at = excluded.asked_at, forget_at = excluded.forget_at, lease_ms = excluded.lease_ms,
      claim_ms = excluded.claim_ms, spare = excluded.spare, above = excluded.above, behind = excluded.behind,
      channel = excluded.channel, listener = excluded.listener, asks = excluded.asks;
    IF p_turns AND v_spot IS NULL THEN
      v_since := v_now - p_waited_ms;
      UPDATE ${schema}.locks SET turns = '{}' WHERE key = p_key AND (turns IS NULL OR NOT EXISTS (
        SELECT FROM ${schema}.waiters WHERE key = p_key AND lease_id <> p_lease AND asks AND forget_at > v_now))
      RETURNING turns INTO v_place.turns;
      IF NOT FOUND THEN SELECT turns INTO v_place.turns FROM ${schema}.locks WHERE key = p_key; END IF;
    END IF;
  END IF;
  -- Where the lease of the one before ran out, the first in line is to be told.
  IF v_first.listener IS NOT NULL THEN
    v_passed := ${schema}.pass_on(v_place, v_held, v_now, NULL, p_mode);
    PERFORM ${schema}.settle(p_mode, v_passed.p_durable);
    IF v_passed.p_count > 0 THEN
      SELECT * INTO v_place FROM ${schema}.locks WHERE key = p_key;
      IF (${schema}.possession(v_place, p_lease, v_now)).key IS NOT NULL THEN
        RETURN ${schema}.with_turns(${schema}.give_again(p_key, p_lease, p_lease_ms, v_waiting, v_now), p_key, v_since,
          v_now);
      END IF;
    END IF;
  ELSE
    PERFORM ${schema}.settle(p_mode, false);
  END IF;
  RETURN ${schema}.with_turns((
    SELECT json_build_object('t', v_now, 'r', ${schema}.first_record(p_key, v_now), 'a', count(*))
    FROM ${schema}.waiters WHERE key = p_key AND forget_at > v_now AND lease_id <> p_lease AND place < coalesce(
      (SELECT place FROM ${schema}.waiters WHERE key = p_key AND lease_id = p_lease AND forget_at > v_now), ${maxNumber})
    )::text, p_key, v_since, v_now);
END $$;

-- An answer with the past turns added, for one who stood in line since then and asks for them; a lease that ran out and
-- is still on record is one of them.
CREATE FUNCTION ${schema}.with_turns(p_answer text, p_key text, p_since bigint, p_now bigint) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_place ${schema}.locks;
BEGIN
  IF p_since IS NULL THEN RETURN p_answer; END IF;
  SELECT * INTO v_place FROM ${schema}.locks WHERE key = p_key;
  IF v_place.expires_at <= p_now THEN
    v_place.turns := ${schema}.remember(v_place.turns, v_place.holder, v_place.token, v_place.acquired_at, v_place.expires_at);
  END IF;
  RETURN left(p_answer, -1) || ', "h": ' || to_json(coalesce(v_place.turns, '{}')) || ', "s": ' || p_since || '}';
END $$;

CREATE FUNCTION ${schema}.give_again(p_key text, p_lease text, p_lease_ms bigint, p_waiting bigint, p_now bigint)
RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE ${schema}.locks SET expires_at = p_now + p_lease_ms WHERE key = p_key AND lease_id = p_lease;
  IF NOT FOUND THEN
    UPDATE ${schema}.sharers SET expires_at = p_now + p_lease_ms WHERE key = p_key AND lease_id = p_lease;
  END IF;
  RETURN (SELECT json_build_object('k', p_key, 't', p_now, 'w', p_waiting, 'p', l.previous,
      'g', json_build_array(h.lease_id, h.holder, h.token, h.acquired_at, h.expires_at, h.share))
    FROM ${schema}.holders h, ${schema}.locks l WHERE h.key = p_key AND h.lease_id = p_lease AND l.key = p_key);
END $$;

CREATE FUNCTION ${schema}.renew(p_key text, p_lease text, p_lease_ms bigint, p_holder text, p_token bigint, p_mode text)
RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_now bigint := ${schema}.enter(p_key);
  v_place ${schema}.locks;
  v_mine ${schema}.holders;
  v_slack bigint := CASE WHEN p_mode = 'grants' THEN ${tokenSlack} ELSE 0 END;
BEGIN
  SELECT * INTO v_place FROM ${schema}.locks WHERE key = p_key;
  v_mine := ${schema}.possession(v_place, p_lease, v_now);
  IF v_mine.key IS NULL OR NOT ${schema}.is_sound(v_mine.lease_id, v_mine.holder, v_mine.token, v_mine.acquired_at,
    v_mine.expires_at) THEN RETURN ${schema}.refusal(p_key, p_lease, v_now); END IF;
  p_token := greatest(p_token, v_mine.token);
  p_holder := coalesce(p_holder, v_mine.holder);
  IF v_mine.share IS NULL THEN
    UPDATE ${schema}.locks SET expires_at = v_now + p_lease_ms, holder = p_holder, token = p_token,
      last_token = greatest(last_token, p_token), ceiling = greatest(ceiling, p_token, last_token + v_slack)
    WHERE key = p_key;
  ELSE
    UPDATE ${schema}.sharers SET expires_at = v_now + p_lease_ms, holder = p_holder, token = p_token
    WHERE key = p_key AND lease_id = p_lease;
    UPDATE ${schema}.locks SET last_token = p_token, ceiling = greatest(ceiling, p_token)
    WHERE key = p_key AND last_token < p_token;
  END IF;
  PERFORM ${schema}.settle(p_mode, true);
  RETURN json_build_object('e', v_now + p_lease_ms, 't', v_now);
END $$;

-- The locks of the keys are taken in one order by all, so that two of these never wait for each other.
CREATE FUNCTION ${schema}.renew_many(p_keys text[], p_leases text[], p_lease_ms bigint[], p_holders text[],
  p_tokens bigint[], p_mode text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_at integer;
  v_answers text[] := array_fill('null'::text, ARRAY[cardinality(p_keys)]);
BEGIN
  FOR v_at IN SELECT n FROM generate_subscripts(p_keys, 1) n ORDER BY ${schema}.lock_id(p_keys[n]), n LOOP
    v_answers[v_at] := ${schema}.renew(p_keys[v_at], p_leases[v_at], p_lease_ms[v_at], p_holders[v_at], p_tokens[v_at], p_mode);
  END LOOP;
  RETURN '[' || array_to_string(v_answers, ',') || ']';
END $$;

CREATE FUNCTION ${schema}.any_release(p_key text, p_lease text, p_mode text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_now bigint := ${schema}.enter(p_key);
  v_place ${schema}.locks;
  v_mine ${schema}.holders;
BEGIN
  SELECT * INTO v_place FROM ${schema}.locks WHERE key = p_key;
  v_mine := ${schema}.possession(v_place, p_lease, v_now);
  IF v_mine.key IS NULL OR NOT ${schema}.is_sound(v_mine.lease_id, v_mine.holder, v_mine.token, v_mine.acquired_at,
    v_mine.expires_at) THEN RETURN ${schema}.refusal(p_key, p_lease, v_now); END IF;
  PERFORM ${schema}.settle(p_mode, ${schema}.give_back(v_place, v_mine, v_now, p_mode));
  RETURN '{}';
END $$;

-- One that gave up: also when the lock was handed to it meanwhile.
CREATE FUNCTION ${schema}.leave(p_key text, p_lease text, p_mode text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_now bigint := ${schema}.enter(p_key);
  v_place ${schema}.locks;
  v_mine ${schema}.holders;
  v_durable boolean := false;
BEGIN
  DELETE FROM ${schema}.waiters WHERE key = p_key AND lease_id = p_lease;
  IF ${schema}.foreign_record(p_key, v_now) IS NULL THEN
    SELECT * INTO v_place FROM ${schema}.locks WHERE key = p_key;
    v_mine := ${schema}.possession(v_place, p_lease, v_now);
    IF v_mine.key IS NOT NULL THEN
      v_durable := ${schema}.give_back(v_place, v_mine, v_now, p_mode);
    ELSIF v_place.key IS NOT NULL THEN
      v_durable := (${schema}.pass_on(v_place, ${schema}.held(v_place, v_now), v_now, NULL, p_mode)).p_durable;
    END IF;
  END IF;
  PERFORM ${schema}.settle(p_mode, v_durable);
  RETURN '{}';
END $$;

CREATE FUNCTION ${schema}.force_release(p_key text, p_mode text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_now bigint := ${schema}.enter(p_key);
  v_place ${schema}.locks;
  v_gone ${schema}.holders;
  v_before ${schema}.holders;
  v_foreign text := ${schema}.foreign_record(p_key, v_now);
  v_first json := ${schema}.first_record(p_key, v_now);
  v_channel text;
BEGIN
  IF v_foreign IS NOT NULL OR v_first IS NULL THEN
    RETURN coalesce(v_foreign, json_build_object('t', v_now)::text);
  END IF;
  SELECT * INTO v_place FROM ${schema}.locks WHERE key = p_key;
  SELECT channel INTO v_channel FROM ${schema}.meta;
  DELETE FROM ${schema}.forced WHERE key = p_key AND until <= v_now;
  FOR v_gone IN SELECT * FROM ${schema}.holders h WHERE h.key = p_key AND h.expires_at > v_now ORDER BY h.token LOOP
    IF v_before.key IS NOT NULL THEN
      v_place.turns := ${schema}.remember(v_place.turns, v_before.holder, v_before.token, v_before.acquired_at, v_now);
    END IF;
    v_before := v_gone;
    INSERT INTO ${schema}.forced VALUES (p_key, v_gone.lease_id, v_gone.expires_at)
      ON CONFLICT (key, lease_id) DO UPDATE SET until = excluded.until;
    PERFORM pg_notify(v_channel, left(json_build_object('k', p_key, 'f', v_gone.lease_id)::text, 7900));
  END LOOP;
  DELETE FROM ${schema}.sharers WHERE key = p_key;
  -- The last of them is the one before the next.
  PERFORM ${schema}.give_back(v_place, v_gone, v_now, p_mode);
  PERFORM ${schema}.settle(p_mode, true);
  RETURN json_build_object('r', v_first, 't', v_now);
END $$;
`;
}
