import { graceMs, place } from './place.ts';
import { script, type Script } from './script.ts';

/**
 * KEYS: lock, counter. ARGV: lease with a blank behind it; the record from its end on; leaseMs and the time that it
 * stays on record; how many spare tokens, or '0'. Where it waits, shares or needs a greater token, for the line:
 * `<waitMs or -> <claimMs> <above> <told> <waitedMs>` and the companions in a second line; then 'look' when a free lock must not
 * be taken at once.
 *
 * Gives the token alone when it is the time in microseconds too, which is the usual case. Else
 * `{ 1, token, acquired, expires, waiting, past, now }` or `{ 0, record, ahead, now }`.
 */
export const acquire: Script = script(`
  local time = redis.call('TIME')
  local token = time[1] .. string.sub('00000' .. time[2], -6)
  local taken = not ARGV[6] and redis.call('SET', KEYS[1], ARGV[1] .. token .. ARGV[2], 'NX', 'PX', ARGV[3])
  if taken and ARGV[4] == '0' then
    local last = redis.call('SET', KEYS[2], token, 'GET')
    if not last or last < token then return token end
    redis.call('SET', KEYS[2], last)
  end

  local us = tonumber(token)
  local now = (us - us % 1000) / 1000
  local px = ARGV[3] + 0
  if taken then
    local last = tonumber(redis.call('GET', KEYS[2]) or 0) or 0
    local first = math.max(us, last + 1)
    redis.call('SET', KEYS[2], string.format('%.0f', first + ARGV[4]))
    if first == us then return token end
    local lease_ms = px - ${graceMs}
    local tail = string.match(ARGV[2], '^ %S+ %S+( .*)$')
    token = string.format('%.0f', first)
    redis.call('SET', KEYS[1], ARGV[1] .. token .. ' ' .. (now + lease_ms) .. ' ' .. now .. tail, 'PX', ARGV[3])
    return { 1, token, now, now + lease_ms, false, false, now }
  end

  ${place}
  local lease = string.sub(ARGV[1], 1, -2)
  local lease_ms = px - ${graceMs}
  local tail = string.match(ARGV[2], '^ %S+ %S+( .*)$')
  if not load(redis.call('GET', KEYS[1])) then return foreign() end
  prune()

  local mine = find(lease)
  if mine then
    mine.expires = now + lease_ms
    if mine.share then put(mine) end
    local waiting = save()
    return { 1, mine.token, mine.acquired, mine.expires, waiting, past, now }
  end

  local wait_ms, claim_ms, above, told, waited, behind =
    string.match(ARGV[5] or '', '^(%S+) (%d+) (%d+) (%d) (%d+)\\n(.*)$')
  local waits = wait_ms and wait_ms ~= '-'
  local new = false
  if waits then
    new = redis.call('ZADD', LINE, 'NX', redis.call('INCR', COUNTER), lease) == 1
    if new and length then length = length + 1 end
    local since = not new and string.match(redis.call('HGET', WAITERS, lease) or '', '^%d+ (%d+)') or now - waited
    local gone_at = string.format('%.0f', now + wait_ms)
    local times = gone_at .. ' ' .. since .. ' ' .. now .. ' ' .. lease_ms .. ' ' .. claim_ms
    redis.call('HSET', WAITERS, lease, times .. ' ' .. ARGV[4] .. ' ' .. above .. ' ' .. told .. tail .. '\\n' .. behind)
    redis.call('ZADD', ENDS, gone_at, lease)
  end

  local record, reached = serve(lease)
  if not record and reached and not redis.call('ZSCORE', LINE, lease) and admits(share_of(string.match(tail, '%S+'))) then
    record = add(new_record(lease, lease_ms, ARGV[4], above or 0, tail))
  end
  local waiting, last = save()
  if record then return { 1, record.token, record.acquired, record.expires, waiting, past, now } end
  if waits and redis.call('PTTL', LINE) < last - now then
    -- Longer than needed, so that not every attempt has to do it.
    local keep = string.format('%.0f', 2 * (last - now) + ${graceMs})
    for _, key in ipairs({ LINE, WAITERS, ENDS }) do redis.call('PEXPIRE', key, keep) end
  end
  local ahead = new and waiting - 1 or redis.call('ZRANK', LINE, lease) or waiting
  return { 0, holders[1] and text_of(holders[1]) or false, ahead, now }
`);
