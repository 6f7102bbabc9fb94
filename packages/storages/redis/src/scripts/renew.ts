import { graceMs, place, readTime } from './place.ts';
import { script, type Script } from './script.ts';

/**
 * KEYS: lock. ARGV: lease, leaseMs; for another holder under the same lease: its token and its holder text. Gives the
 * time, from which on the lease runs, or `{ 0, record, forced, now }`.
 */
export const renew: Script = script(`
  ${readTime}
  ${place}
  local text = redis.call('GET', KEYS[1])
  if not load(text) then return foreign() end
  local record = find(ARGV[1])
  if not record then
    local first, forced = refusal(ARGV[1])
    return { 0, first, forced, now }
  end
  record.expires = now + ARGV[2]
  if ARGV[3] then
    if tonumber(ARGV[3]) > tonumber(record.token) then record.token = ARGV[3] end
    record.tail = string.match(record.tail, '^ %S+ %S+ ') .. ARGV[4]
    local last = tonumber(redis.call('GET', COUNTER) or 0) or 0
    if last < tonumber(record.token) then redis.call('SET', COUNTER, record.token) end
  end
  if record.share then
    put(record)
    save()
  elseif string.sub(text, 1, 1) == '!' then
    save()
  else
    redis.call('SET', KEYS[1], text_of(record), 'PX', ARGV[2] + ${graceMs})
  end
  return now
`);
