import { beginTurns } from './past-turns.ts';
import { graceMs, place } from './place.ts';
import { script, type Script } from './script.ts';

/**
 * Somebody else has the lock alone, and this one asks for the first time: it goes to the end of the line. What is not
 * so simple is for {@link place}. Needs `text` and `now`.
 */
const joinLine = `
  local wait_ms, waited, asks, behind = string.match(ARGV[5] or '', '^(%d+) (%d+)( [%d ]+)()\\n')
  if wait_ms and not ARGV[6] then
    local mark = string.byte(text)
    local marked = mark == 33 or mark == 63
    local till = marked and tonumber(string.sub(text, 2, 14)) or 0
    local record = marked and string.sub(text, 16) or text
    local token, counts, expires = string.match(record, '^%S+ (%d+) (%+?)(%d+) [=%d]+ %- %S+ {')
    if counts == '+' then expires = math.floor(token / 1000) + expires end
    if token and expires + 0 > now and string.sub(record, 1, string.len(ARGV[1])) ~= ARGV[1] then
      local at = string.find(KEYS[1], '}:l:', 1, true)
      local root, name = string.sub(KEYS[1], 1, at + 1), string.sub(KEYS[1], at + 4)
      local line, waiters = root .. 'q:' .. name, root .. 'w:' .. name
      local lease, gone_at = string.sub(ARGV[1], 1, -2), now + wait_ms
      local share_on = string.find(ARGV[2], '=', 1, true) + 1
      if redis.call('HSETNX', waiters, lease, gone_at .. ' ' .. now - waited .. ' ' .. now .. asks ..
        string.sub(ARGV[2], share_on) .. string.sub(ARGV[5], behind)) == 1 then
        local length = redis.call('RPUSH', line, lease)
        local begins = string.byte(asks, -1) > 50 and (mark ~= 63 or length == 1)
        if length == 1 or gone_at > till or begins then
          -- Longer than needed, so that not every attempt has to do it.
          local longer = gone_at > till
          if longer then till = gone_at + wait_ms end
          if longer or begins then
            redis.call('SET', KEYS[1], ((begins or mark == 63) and '?' or '!') .. till .. ' ' .. record, 'PX', math.max(till, expires) - now + ${graceMs})
          end
          redis.call('PEXPIRE', line, till - now + ${graceMs})
          redis.call('PEXPIRE', waiters, till - now + ${graceMs})
          if begins or mark == 63 then
            ${beginTurns}
            begin_turns(root .. 'h:' .. name, till - now + ${graceMs}, begins)
          end
        end
        return { 0, record, length - 1, now }
      end
    end
  end
`;

/**
 * KEYS: lock, counter. ARGV: lease with a blank behind it; the record from its end on; leaseMs and the time that it
 * stays on record; how many spare tokens, or '0'. Where it waits, shares or needs a greater token, for the line:
 * `<waitMs or -> <waitedMs> <leaseMs> <claimMs> <spare> <above> <told>` (see {@link place}) and the companions in a
 * second line; then 'look' when it may be in line already, shares, or needs a greater token.
 *
 * Gives the token alone when it is the time in microseconds too, which is the usual case. Else
 * `{ 1, token, acquired, expires, waiting, past, now, turns }` or `{ 0, record, ahead, now, turns }`, where `turns` are
 * lines, or false for who did not stand in line and want to know.
 */
export const acquire: Script = script(`
  local time = redis.call('TIME')
  local token = time[1] .. string.sub('00000' .. time[2], -6)
  local text
  if ARGV[6] then
    text = redis.call('GET', KEYS[1])
  else
    text = redis.call('SET', KEYS[1], ARGV[1] .. token .. ARGV[2], 'NX', 'GET', 'PX', ARGV[3])
  end
  local taken = not text and not ARGV[6]
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
  ${joinLine}

  ${place}
  local lease = string.sub(ARGV[1], 1, -2)
  local lease_ms = px - ${graceMs}
  local tail = string.match(ARGV[2], '^ %S+ %S+( .*)$')
  if not load(text) then return foreign() end
  settle()

  local mine = find(lease)
  if mine then
    mine.expires = now + lease_ms
    if mine.share then put(mine) end
    local waiting = save()
    return { 1, mine.token, mine.acquired, mine.expires, waiting, past, now }
  end

  local wait_ms, waited, asks, above, told, behind =
    string.match(ARGV[5] or '', '^(%S+) (%d+)( %d+ %d+ %d+ (%d+) (%d))(\\n.*)$')
  local waits = wait_ms and wait_ms ~= '-'
  local turns = false
  if waits then
    local known = redis.call('HGET', WAITERS, lease)
    local since = known and string.match(known, '^%d+ (%d+)') or now - waited
    if not known or not redis.call('LPOS', LINE, lease) then redis.call('RPUSH', LINE, lease) end
    redis.call('HSET', WAITERS, lease, now + wait_ms .. ' ' .. since .. ' ' .. now .. asks .. tail .. behind)
    keep_line(wait_ms)
    if told > '2' then
      begin_turns(TURNS, wait_ms + ${graceMs}, true)
      turns = turns_since(TURNS, since)
    end
  end

  local record, reached = serve(lease)
  if not record and reached and not redis.call('LPOS', LINE, lease) and admits(share_of(string.match(tail, '%S+'))) then
    record = add(new_record(lease, lease_ms, ARGV[4], above or 0, tail))
  end
  local waiting = save()
  if record then return { 1, record.token, record.acquired, record.expires, waiting, past, now, turns } end
  return { 0, holders[1] and text_of(holders[1]) or false, redis.call('LPOS', LINE, lease) or waiting, now, turns }
`);
