import { beginTurns, remember, turnsSince } from './past-turns.ts';

/**
 * How long a lock stays on record after its lease, in milliseconds, so that who takes it over learns whose lease ran
 * out. Whether a lease is over stands in the record and is decided by `TIME`.
 */
export const graceMs = 60_000;

/** `us` and `now`: the server's time in microseconds and in milliseconds. */
export const readTime: string = `
  local time = redis.call('TIME')
  local us = time[1] * 1000000 + time[2]
  local now = (us - us % 1000) / 1000
`;

/**
 * What all scripts share that have to look closer than one `GET`. It needs `now` and `us`.
 *
 * The lock key holds one of
 *
 *     <record>     one has it alone, nobody is in line
 *     !<till> <record>
 *                  one has it alone, and there may be a line, which is kept until then: thirteen digits
 *     ?<till> <record>
 *                  the same, and somebody in the line may ask for past turns
 *     -<past>      nobody has it, and it is kept for the line
 *     +            several share it: a hash has their records
 *
 * and is there as long as anybody has it or stands in line. A record is
 *
 *     <lease> <token> <end> <acquired> <share> <process> <holder>
 *
 * where `<end>` is `+<ms>` and `<acquired>` is `=` when they count from the time in the token. The line is a list of
 * leases, with a hash of what each of them wants:
 *
 *     <gone at> <since> <asked at> <leaseMs> <claimMs> <spare> <above> <told> <share> <process> <holder>
 *     <companions>
 *
 * `<told>` is 0 for one that asks, 1 for one that is told when it is its turn, 2 for one that is told and may be at
 * another node of a cluster; 3 more for one that wants to know who had the lock while it waits. One that was not heard
 * of until `<gone at>` is forgotten when its turn comes. `<past>` is who had the lock before: `r` and when it was
 * released or `x` and when its lease ran out, its token, `<acquired>`, its holder. A list has the same of those who had
 * it since somebody is in line who wants to know.
 */
export const place: string = `
  ${remember}
  ${beginTurns}
  ${turnsSince}
  local root, name = string.match(KEYS[1], '^(.-}:)l:(.*)$')
  local COUNTER, LINE, WAITERS = root .. 'token', root .. 'q:' .. name, root .. 'w:' .. name
  local SHARERS, FORCED, TURNS = root .. 's:' .. name, root .. 'f:' .. name, root .. 'h:' .. name
  local NEWS = string.match(root, '^(.*):{') .. ':news:'

  local holders = {}
  local past = false
  local unsaved = nil
  local shared = false
  local length = nil

  local function share_of(word)
    if word == '-' then return nil end
    if word == 'inf' then return math.huge end
    return tonumber(word) or 1
  end

  local function parse(text)
    local lease, token, expires, acquired, share, process, holder =
      string.match(text, '^(%S+) (%d+) (%S+) (%S+) (%S+) (%S+)( .*)$')
    if not lease then return nil end
    local given = math.floor(tonumber(token) / 1000)
    if string.sub(expires, 1, 1) == '+' then expires = given + (tonumber(string.sub(expires, 2)) or 0) end
    if acquired == '=' then acquired = given end
    if not tonumber(expires) or not tonumber(acquired) then return nil end
    return { lease = lease, token = token, expires = tonumber(expires), acquired = tonumber(acquired),
      share = share_of(share), process = process, tail = ' ' .. share .. ' ' .. process .. holder }
  end

  local function text_of(record)
    return record.lease .. ' ' .. record.token .. ' ' .. record.expires .. ' ' .. record.acquired .. record.tail
  end

  -- What is told of a possession that ended.
  local function ended(how, at, record)
    return how .. at .. ' ' .. record.token .. ' ' .. record.acquired .. string.match(record.tail, '^ %S+ %S+( .*)$')
  end

  -- Puts who has the lock into holders, first come first; what is over goes. False when it cannot be read.
  local function load(text)
    if not text then return true end
    local mark = string.sub(text, 1, 1)
    if mark == '-' then
      past = string.len(text) > 1 and string.sub(text, 2)
      return true
    end
    if mark == '+' then
      shared = true
      for _, each in ipairs(redis.call('HVALS', SHARERS)) do
        local record = parse(each)
        if not record then return false end
        holders[#holders + 1] = record
      end
      table.sort(holders, function(a, b) return tonumber(a.token) < tonumber(b.token) end)
    else
      if mark == '!' or mark == '?' then text = string.sub(text, 16) end
      holders[1] = parse(text)
      if not holders[1] then return false end
    end
    for at = #holders, 1, -1 do
      local record = holders[at]
      if record.expires <= now then
        past = ended('x', record.expires, record)
        if shared then
          redis.call('HDEL', SHARERS, record.lease)
          remember(TURNS, past)
        else
          unsaved = past
        end
        table.remove(holders, at)
      end
    end
    return true
  end

  local function foreign()
    return redis.error_reply('FOREIGN it was not written by Lockscope, or is damaged')
  end

  local function find(lease)
    for at, record in ipairs(holders) do
      if record.lease == lease then return record, at end
    end
  end

  -- Ends a possession by its holder's will.
  local function drop(record, at)
    table.remove(holders, at)
    if record.share then redis.call('HDEL', SHARERS, record.lease) end
    past = ended('r', now, record)
    remember(TURNS, past)
  end

  -- A lease that ran out is remembered by the script that takes it off the record.
  local function settle()
    if unsaved then remember(TURNS, unsaved) end
    unsaved = nil
  end

  -- Takes a waiter off the record; true when it was there.
  local function forget(lease)
    redis.call('HDEL', WAITERS, lease)
    if redis.call('LREM', LINE, 1, lease) == 0 then return false end
    if length then length = length - 1 end
    return true
  end

  local function in_line()
    length = length or redis.call('LLEN', LINE)
    return length
  end

  -- Keeps the line for so long; longer than needed, so that not every attempt has to do it.
  local function keep_line(wait_ms)
    local needed = wait_ms + ${graceMs}
    if math.min(redis.call('PTTL', LINE), redis.call('PTTL', WAITERS)) >= needed then return end
    for _, key in ipairs({ LINE, WAITERS }) do redis.call('PEXPIRE', key, string.format('%.0f', needed + wait_ms)) end
  end

  -- Writes down who has the lock; gives how many stand in line.
  local function save()
    settle()
    local waiting = in_line()
    local till = 0
    if waiting == 0 then redis.call('DEL', TURNS) end
    if waiting > 0 then till = math.max(now + redis.call('PTTL', LINE) - ${graceMs}, now) end
    local first = holders[1]
    local text
    if not first then
      if waiting == 0 then
        redis.call('DEL', KEYS[1])
        return 0
      end
      text = '-' .. (past or '')
    elseif first.share then
      text = '+'
    elseif waiting > 0 then
      text = (redis.call('EXISTS', TURNS) == 1 and '?' or '!') .. till .. ' ' .. text_of(first)
    else
      text = text_of(first)
    end
    for _, record in ipairs(holders) do till = math.max(till, record.expires) end
    local px = string.format('%.0f', till - now + ${graceMs})
    redis.call('SET', KEYS[1], text, 'PX', px)
    if first and first.share then redis.call('PEXPIRE', SHARERS, px) end
    return waiting
  end

  -- A token after all that were given, and not behind the time. Keeps so many free behind it.
  local function next_token(spare, above)
    local first = math.max(us, above + 1)
    local last = tonumber(redis.call('SET', COUNTER, string.format('%.0f', first + spare), 'GET') or 0) or 0
    if last >= first then
      first = last + 1
      redis.call('SET', COUNTER, string.format('%.0f', first + spare))
    end
    return string.format('%.0f', first)
  end

  local function new_record(lease, lease_ms, spare, above, tail)
    local share, process = string.match(tail, '^ (%S+) (%S+) ')
    return { lease = lease, token = next_token(tonumber(spare), tonumber(above)), expires = now + lease_ms,
      acquired = now, share = share_of(share), process = process, tail = tail }
  end

  local function put(record)
    redis.call('HSET', SHARERS, record.lease, text_of(record))
  end

  local function add(record)
    if record.share then
      if not holders[1] then redis.call('DEL', SHARERS) end
      put(record)
    end
    holders[#holders + 1] = record
    return record
  end

  local function admits(share)
    if not holders[1] then return true end
    return share ~= nil and holders[1].share ~= nil and #holders < share
  end

  -- Gives the lock to those in line who may have it, first come first. One that is told of it gets it at once; one
  -- whose process does not listen is passed over, and keeps its place in case it comes back; for one that did not ask
  -- to be told the lock is kept. The lease that asks right now gets it without being told. Gives its record, and
  -- whether the end of the line was reached.
  local function serve(asking)
    settle()
    local at, mine, silent = 0, nil, {}
    while not holders[1] or holders[1].share do
      local lease = redis.call('LINDEX', LINE, at)
      if not lease then return mine, true end
      local gone_at, since, lease_ms, claim_ms, spare, above, told, tail =
        string.match(redis.call('HGET', WAITERS, lease) or '', '^(%d+) (%d+) %d+ (%d+) (%d+) (%d+) (%d+) (%d)( [^\\n]*)')
      local share, process = string.match(tail or '', '^ (%S+) (%S+) ')
      if not process or gone_at + 0 <= now then
        forget(lease)
      elseif not admits(share_of(share)) then
        return mine, false
      elseif lease == asking then
        forget(lease)
        mine = add(new_record(lease, lease_ms, spare, above, tail))
      elseif told % 3 == 0 then
        return mine, false
      elseif silent[process] then
        at = at + 1
      else
        local record = new_record(lease, math.min(lease_ms, claim_ms), spare, above, tail)
        local waiting = in_line() - 1
        local heard = redis.call('PUBLISH', NEWS .. process, 'granted ' .. lease .. ' ' .. KEYS[1] .. '\\n' ..
          record.token .. ' ' .. now .. ' ' .. record.expires - now .. ' ' .. waiting .. '\\n' ..
          (past or '') .. (told > '2' and turns_since(TURNS, since) or ''))
        if heard == 0 and told % 3 == 1 then
          silent[process] = true
          at = at + 1
        else
          forget(lease)
          add(record)
        end
      end
    end
    return mine, false
  end

  -- The first who has it, and whether force took the lease away: what a refusal tells.
  local function refusal(lease)
    return holders[1] and text_of(holders[1]) or false, redis.call('HEXISTS', FORCED, lease)
  end
`;
