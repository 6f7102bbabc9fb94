import { place, readTime } from './place.ts';
import { script, type Script } from './script.ts';

/** KEYS: lock. ARGV: lease. Gives 1, or `{ 0, record, forced }`. */
export const release: Script = script(`
  local text = redis.call('GET', KEYS[1])
  ${readTime}
  if text then
    local lease, expires = string.match(text, '^(%S+) (%d+) ')
    if lease == ARGV[1] and tonumber(expires) > now then
      redis.call('DEL', KEYS[1])
      return 1
    end
  end

  ${place}
  if not load(text) then return foreign() end
  local record, at = find(ARGV[1])
  if not record then return { 0, refusal(ARGV[1]) } end
  table.remove(holders, at)
  if record.share then redis.call('HDEL', SHARERS, record.lease) end
  past = 'r' .. now .. ' ' .. record.text
  prune()
  serve()
  save()
  return 1
`);

/** KEYS: lock. ARGV: lease. */
export const leave: Script = script(`
  ${readTime}
  ${place}
  if not forget(ARGV[1]) then return 0 end
  if not load(redis.call('GET', KEYS[1])) then return foreign() end
  prune()
  serve()
  save()
  return 1
`);

/** KEYS: lock. Gives the first record that it removed. */
export const forceRelease: Script = script(`
  ${readTime}
  ${place}
  if not load(redis.call('GET', KEYS[1])) then return foreign() end
  local first = holders[1] and holders[1].text
  if not first then return false end
  local till = now
  for _, record in ipairs(holders) do
    redis.call('HSET', FORCED, record.lease, record.expires)
    redis.call('PUBLISH', NEWS .. record.process, 'forced\\n' .. KEYS[1] .. '\\n' .. record.lease)
    till = math.max(till, record.expires)
    past = 'r' .. now .. ' ' .. record.text
  end
  if redis.call('PTTL', FORCED) < till - now then redis.call('PEXPIRE', FORCED, string.format('%.0f', till - now)) end
  if holders[1].share then redis.call('DEL', SHARERS) end
  holders = {}
  prune()
  serve()
  save()
  return first
`);
