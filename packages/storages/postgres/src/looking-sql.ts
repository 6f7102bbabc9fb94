/** The functions that look, and the one that tidies up. Those that look write nothing: a standby can answer them. */
export function lookingSql(schema: string): string {
  return `
CREATE FUNCTION ${schema}.state_of(p_key text, p_now bigint) RETURNS json LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN json_build_object('k', p_key, 't', p_now,
    'h', (SELECT json_agg(json_build_array(h.lease_id, h.holder, h.token, h.acquired_at, h.expires_at, h.share)
        ORDER BY h.token)
      FROM ${schema}.holders h WHERE h.key = p_key AND h.expires_at > p_now),
    'q', (SELECT json_agg(json_build_array(w.lease_id, w.holder, w.since, w.share, w.asked_at, w.behind) ORDER BY w.place)
      FROM ${schema}.waiters w WHERE w.key = p_key AND w.forget_at > p_now));
END $$;

CREATE FUNCTION ${schema}.read(p_key text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN ${schema}.state_of(p_key, ${schema}.now_ms());
END $$;

-- A page of held locks, from a key on or after it.
CREATE FUNCTION ${schema}.page(p_from text, p_after boolean, p_length integer) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_now bigint := ${schema}.now_ms();
BEGIN
  RETURN (SELECT coalesce(json_agg(${schema}.state_of(k.key, v_now) ORDER BY k.key), '[]'::json)::text FROM (
    SELECT key FROM (
      (SELECT key FROM ${schema}.locks WHERE key >= p_from AND (NOT p_after OR key > p_from)
        AND lease_id IS NOT NULL AND expires_at > v_now ORDER BY key LIMIT p_length)
      UNION
      (SELECT DISTINCT key FROM ${schema}.sharers WHERE key >= p_from AND (NOT p_after OR key > p_from)
        AND expires_at > v_now ORDER BY key LIMIT p_length)
    ) held ORDER BY key LIMIT p_length) k);
END $$;

-- Removes rows of keys that nobody has or wants; keys that come back start above all tokens of removed ones. A key that
-- somebody uses at this moment is passed over. Gives how many, and the last key that was looked at.
CREATE FUNCTION ${schema}.sweep(p_older_ms bigint, p_after text, p_length integer) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_before bigint := ${schema}.now_ms() - p_older_ms;
  v_now bigint := ${schema}.now_ms();
  v_key text;
  v_token bigint;
  v_floor bigint := 0;
  v_count integer := 0;
BEGIN
  IF p_after = '' THEN
    DELETE FROM ${schema}.forced WHERE until <= v_now;
  END IF;
  FOR v_key IN SELECT key FROM ${schema}.locks WHERE key > p_after
    AND greatest(touched_at, coalesce(expires_at, 0)) <= v_before ORDER BY key LIMIT p_length LOOP
    p_after := v_key;
    CONTINUE WHEN NOT pg_try_advisory_xact_lock(${schema}.lock_id(v_key));
    DELETE FROM ${schema}.waiters WHERE key = v_key AND forget_at <= v_now;
    DELETE FROM ${schema}.sharers WHERE key = v_key AND expires_at <= v_before;
    DELETE FROM ${schema}.locks l WHERE key = v_key AND greatest(touched_at, coalesce(expires_at, 0)) <= v_before
      AND NOT EXISTS (SELECT FROM ${schema}.sharers s WHERE s.key = v_key)
      AND NOT EXISTS (SELECT FROM ${schema}.waiters w WHERE w.key = v_key)
    RETURNING greatest(last_token, ceiling) INTO v_token;
    IF FOUND THEN
      v_count := v_count + 1;
      v_floor := greatest(v_floor, v_token);
    END IF;
  END LOOP;
  UPDATE ${schema}.meta SET floor = v_floor WHERE floor < v_floor;
  RETURN json_build_object('n', v_count, 'l', CASE WHEN v_key IS NULL THEN NULL ELSE p_after END)::text;
END $$;
`;
}
