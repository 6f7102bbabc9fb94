import { graceMs, place, readTime } from './place.ts';
import { script, type Script } from './script.ts';

/** Renews what one has alone and nobody waits for, without a look at anything else; false when it is not so simple. */
const renewSimply = `
  local function renew_simply(key, lease, lease_ms)
    local text = redis.pcall('GET', key)
    if type(text) ~= 'string' then return false end
    local holder, token, expires, rest = string.match(text, '^(%S+) (%d+) (%S+)( .*)$')
    if holder ~= lease then return false end
    if string.sub(expires, 1, 1) == '+' then
      expires = math.floor(token / 1000) + (tonumber(string.sub(expires, 2)) or 0)
    end
    expires = tonumber(expires)
    if not expires or expires <= now then return false end
    local renewed = lease .. ' ' .. token .. ' ' .. (now + lease_ms) .. rest
    redis.call('SET', key, renewed, 'PX', lease_ms + ${graceMs})
    return true
  end
`;

/**
 * KEYS: lock. ARGV: lease, leaseMs; for another holder under the same lease: its token and its holder text. Gives the
 * time, from which on the lease runs, or `{ 0, record, forced, now }`.
 */
export const renew: Script = script(`
  ${readTime}
  ${renewSimply}
  if not ARGV[3] and renew_simply(KEYS[1], ARGV[1], ARGV[2]) then return now end

  ${place}
  if not load(redis.call('GET', KEYS[1])) then return foreign() end
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
  if record.share then put(record) end
  save()
  return now
`);

/** KEYS: locks. ARGV: lease and leaseMs of each. Gives the time, then for each 1, or 0 where `renew` has to look. */
export const renewMany: Script = script(`
  ${readTime}
  ${renewSimply}
  local answers = { now }
  for at, key in ipairs(KEYS) do
    answers[at + 1] = renew_simply(key, ARGV[2 * at - 1], ARGV[2 * at]) and 1 or 0
  end
  return answers
`);
