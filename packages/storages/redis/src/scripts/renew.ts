import { graceMs, place, readTime } from './place.ts';
import { script, type Script } from './script.ts';

/**
 * KEYS: lock. ARGV: lease, leaseMs; for another holder under the same lease: its token and its holder text. Gives the
 * time, from which on the lease runs, or `{ 0, record, forced, now }`.
 */
export const renew: Script = script(`
  local text = redis.call('GET', KEYS[1])
  ${readTime}
  if text and not ARGV[3] then
    local lease, expires, rest = string.match(text, '^(%S+) (%d+)(.*)$')
    if lease == ARGV[1] and tonumber(expires) > now then
      redis.call('SET', KEYS[1], lease .. ' ' .. (now + ARGV[2]) .. rest, 'PX', ARGV[2] + ${graceMs})
      return now
    end
  end

  ${place}
  if not load(text) then return foreign() end
  local record = find(ARGV[1])
  if not record then
    local first, forced = refusal(ARGV[1])
    return { 0, first, forced, now }
  end
  record.expires = now + ARGV[2]
  local lease, token, rest = string.match(record.text, '^(%S+) %d+ (%d+)(.*)$')
  if ARGV[3] then
    if tonumber(ARGV[3]) > tonumber(token) then token = ARGV[3] end
    rest = string.match(rest, '^ %d+ %S+ %S+ ') .. ARGV[4]
    local last = tonumber(redis.call('GET', COUNTER) or 0) or 0
    if last < tonumber(token) then redis.call('SET', COUNTER, token) end
  end
  record.text = lease .. ' ' .. record.expires .. ' ' .. token .. rest
  if record.share then redis.call('HSET', SHARERS, lease, record.text) end
  save()
  return now
`);
