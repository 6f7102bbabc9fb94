import { remember, turnsSince } from './past-turns.ts';
import { graceMs, place, readTime } from './place.ts';
import { script, type Script } from './script.ts';

/**
 * This one has the lock alone, and the first in line wants it alone and is told: it gets the lock. What is not so simple
 * is for {@link place}. Needs `text`.
 */
const handOver = `
  local mark = text and string.byte(text)
  local length = string.len(ARGV[1])
  if (mark == 33 or mark == 63) and string.sub(text, 16, 15 + length) == ARGV[1] then
    local time = redis.call('TIME')
    local next_token = time[1] .. string.sub('00000' .. time[2], -6)
    local now = string.sub(next_token, 1, 13)
    local token, counts, expires, acquired, holder =
      string.match(text, '^(%d+) (%+?)(%d+) (%S+) %- %S+ ({.*)$', 16 + length)
    if counts == '+' then expires = string.sub(token, 1, -4) + expires end
    local left = tonumber(string.sub(text, 2, 14))
    if left and token and expires + 0 > now + 0 then
      local at = string.find(KEYS[1], '}:l:', 1, true)
      local root, name = string.sub(KEYS[1], 1, at + 1), string.sub(KEYS[1], at + 3)
      local line, waiters = root .. 'q' .. name, root .. 'w' .. name
      local lease = redis.call('LPOP', line)
      if not lease then
        redis.call('DEL', KEYS[1])
        if mark == 63 then redis.call('DEL', root .. 'h' .. name) end
        return 1
      end
      local gone_at, since, claim_ms, spare, told, tail, process = string.match(redis.call('HGET', waiters, lease) or '',
        '^(%d+) (%d+) %d+ %d+ (%d+) (%d+) 0 ([1245])( %- (%S+) {[^\\n]+)\\n')
      if gone_at and gone_at + 0 > now + 0 then
        local last_kept = next_token
        if spare ~= '0' then last_kept = string.format('%.0f', next_token + spare) end
        local last = redis.call('SET', root .. 'token', last_kept, 'GET')
        if not last or last < next_token then
          local past = 'r' .. now .. ' ' .. token .. ' ' .. acquired .. ' ' .. holder
          local told_turns = ''
          if told > '2' then
            ${turnsSince}
            told_turns = turns_since(root .. 'h' .. name, since) .. '\\n' .. past
          end
          -- Redis writes first to whom it had something to say last.
          if ARGV[3] then redis.call('PUBLISH', ARGV[2] .. ARGV[3], '') end
          local heard = redis.call('PUBLISH', ARGV[2] .. process,
            'granted ' .. lease .. ' ' .. KEYS[1] .. '\\n' .. next_token .. ' ' .. now .. ' ' .. claim_ms .. ' ' ..
            redis.call('LLEN', line) .. '\\n' .. past .. told_turns)
          if heard > 0 or told % 3 == 2 then
            if mark == 63 then
              ${remember}
              remember(root .. 'h' .. name, past)
            end
            redis.call('HDEL', waiters, lease)
            left = left - now
            if left < claim_ms + 0 then left = claim_ms + 0 end
            redis.call('SET', KEYS[1], string.sub(text, 1, 15) .. lease .. ' ' .. next_token .. ' +' .. claim_ms .. ' =' .. tail,
              'PX', left + ${graceMs})
            return 1
          end
        else
          redis.call('SET', root .. 'token', last)
        end
      end
      redis.call('LPUSH', line, lease)
    end
  end
`;

/**
 * KEYS: lock. ARGV: lease with a blank behind it; what the names of channels begin with; the process that asks, where it
 * hears on the same connection. Gives 1, or `{ 0, record, forced }`.
 */
export const release: Script = script(`
  local text = redis.call('GET', KEYS[1])
  if text and string.sub(text, 1, string.len(ARGV[1])) == ARGV[1] and redis.call('PTTL', KEYS[1]) > ${graceMs} then
    redis.call('DEL', KEYS[1])
    return 1
  end
  ${handOver}

  ${readTime}
  ${place}
  if not load(text) then return foreign() end
  local lease = string.sub(ARGV[1], 1, -2)
  local record, at = find(lease)
  if not record then return { 0, refusal(lease) } end
  drop(record, at)
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
    redis.call('PUBLISH', NEWS .. record.process, 'forced ' .. record.lease .. ' ' .. KEYS[1])
    till = math.max(till, record.expires)
    past = ended('r', now, record)
    remember(TURNS, past)
  end
  if redis.call('PTTL', FORCED) < till - now then redis.call('PEXPIRE', FORCED, string.format('%.0f', till - now)) end
  if holders[1].share then redis.call('DEL', SHARERS) end
  holders = {}
  serve()
  save()
  return first
`);
