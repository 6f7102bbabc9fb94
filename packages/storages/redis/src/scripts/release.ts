import { graceMs, place, readTime } from './place.ts';
import { script, type Script } from './script.ts';

/** KEYS: lock. ARGV: lease with a blank behind it. Gives 1, or `{ 0, record, forced }`. */
export const release: Script = script(`
  local text = redis.call('GET', KEYS[1])
  if text and string.sub(text, 1, string.len(ARGV[1])) == ARGV[1] and redis.call('PTTL', KEYS[1]) > ${graceMs} then
    redis.call('DEL', KEYS[1])
    return 1
  end

  ${readTime}
  ${place}
  if not load(text) then return foreign() end
  local lease = string.sub(ARGV[1], 1, -2)
  local record, at = find(lease)
  if not record then return { 0, refusal(lease) } end
  drop(record, at)
  prune()
  serve()
  save()
  return 1
`);

/** KEYS: lock. ARGV: lease. Takes it out of the line, or frees the lock that was handed to it. */
export const leave: Script = script(`
  ${readTime}
  ${place}
  if not load(redis.call('GET', KEYS[1])) then return foreign() end
  local record, at = find(ARGV[1])
  if record then
    drop(record, at)
  elseif not forget(ARGV[1]) then
    return 0
  end
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
  if not holders[1] then return false end
  local first = text_of(holders[1])
  local till = now
  for _, record in ipairs(holders) do
    redis.call('HSET', FORCED, record.lease, record.expires)
    redis.call('PUBLISH', NEWS .. record.process, 'forced\\n' .. KEYS[1] .. '\\n' .. record.lease)
    till = math.max(till, record.expires)
    past = 'r' .. now .. ' ' .. text_of(record)
  end
  if redis.call('PTTL', FORCED) < till - now then redis.call('PEXPIRE', FORCED, string.format('%.0f', till - now)) end
  if holders[1].share then redis.call('DEL', SHARERS) end
  holders = {}
  prune()
  serve()
  save()
  return first
`);
