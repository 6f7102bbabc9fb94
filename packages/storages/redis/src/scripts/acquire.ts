import { graceMs, place, readTime } from './place.ts';
import { script, type Script } from './script.ts';

/**
 * KEYS: lock, counter. ARGV: lease, tail of the record, leaseMs, spare tokens; where it waits, shares or needs a
 * greater token: the same for the line (`waitMs claimMs above told`, behind it the companions), or '' ; and 'look' when a
 * free lock must not be taken at once.
 *
 * Gives the token alone when it is the time in microseconds too, which is the usual case. Else
 * `{ 1, token, acquired, expires, waiting, past, now }` or `{ 0, record, ahead, now }`.
 */
export const acquire: Script = script(`
  ${readTime}
  if not ARGV[6] then
    local token = string.format('%.0f', us)
    local text = ARGV[1] .. ' ' .. (now + ARGV[3]) .. ' ' .. token .. ' ' .. now .. ARGV[2]
    if redis.call('SET', KEYS[1], text, 'NX', 'PX', ARGV[3] + ${graceMs}) then
      local spare = tonumber(ARGV[4])
      local last = redis.call('SET', KEYS[2], spare == 0 and token or string.format('%.0f', us + spare), 'GET')
      last = last and tonumber(last)
      if not last or last < us then return us end
      token = string.format('%.0f', last + 1)
      redis.call('SET', KEYS[2], string.format('%.0f', last + 1 + spare))
      text = ARGV[1] .. ' ' .. (now + ARGV[3]) .. ' ' .. token .. ' ' .. now .. ARGV[2]
      redis.call('SET', KEYS[1], text, 'PX', ARGV[3] + ${graceMs})
      return { 1, token, now, now + ARGV[3], false, false, now }
    end
  end

  ${place}
  local lease, lease_ms = ARGV[1], tonumber(ARGV[3])
  if not load(redis.call('GET', KEYS[1])) then return foreign() end
  prune()

  local mine = find(lease)
  if mine then
    mine.expires = now + lease_ms
    mine.text = string.gsub(mine.text, '^(%S+) %d+ ', '%1 ' .. mine.expires .. ' ', 1)
    if mine.share then redis.call('HSET', SHARERS, lease, mine.text) end
    local waiting = save()
    return { 1, string.format('%.0f', mine.token), tonumber(mine.acquired), mine.expires, waiting, past, now }
  end

  local wait_ms, claim_ms, above, told, behind = string.match(ARGV[5] or '', '^(%S+) (%d+) (%d+) (%d)\\n(.*)$')
  above = tonumber(above or 0)
  local share = string.match(ARGV[2], '^ (%S+)')
  if share == '-' then share = nil elseif share == 'inf' then share = math.huge else share = tonumber(share) end

  if wait_ms and wait_ms ~= '-' then
    local gone_at = string.format('%.0f', now + wait_ms)
    local since = string.match(redis.call('HGET', WAITERS, lease) or '', '^%d+ (%d+)') or now
    local entry = table.concat({ gone_at, since, now, ARGV[3], claim_ms, ARGV[4], string.format('%.0f', above), told }, ' ')
    redis.call('HSET', WAITERS, lease, entry .. ARGV[2] .. '\\n' .. behind)
    redis.call('ZADD', ENDS, gone_at, lease)
    redis.call('ZADD', LINE, 'NX', next_token(0, 0), lease)
  end

  local record, reached = serve(lease)
  if not record and reached and not redis.call('ZSCORE', LINE, lease) and admits(share) then
    local token = next_token(tonumber(ARGV[4]), above)
    record = add(lease .. ' ' .. (now + lease_ms) .. ' ' .. token .. ' ' .. now .. ARGV[2])
  end
  local waiting = save()
  if wait_ms and wait_ms ~= '-' and waiting > 0 then
    local till = redis.call('ZRANGE', ENDS, -1, -1, 'WITHSCORES')[2]
    local px = string.format('%.0f', till - now + ${graceMs})
    for _, key in ipairs({ LINE, WAITERS, ENDS }) do redis.call('PEXPIRE', key, px) end
  end
  if record then
    return { 1, string.format('%.0f', record.token), tonumber(record.acquired), record.expires, waiting, past, now }
  end
  local first = holders[1]
  return { 0, first and first.text or false, redis.call('ZRANK', LINE, lease) or waiting, now }
`);
