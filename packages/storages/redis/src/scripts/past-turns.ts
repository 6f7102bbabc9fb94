// What scripts need to keep and to tell who had a lock while somebody stood in line. Functions of Lua: each is put where it
// is needed, so that others do not pay for it.

import { mostTurns } from '@lockscope/storage';

/**
 * The end of a possession, as it is told, for those in line who ask for past turns. Does nothing where none of them
 * began the list.
 */
export const remember: string = `
  local function remember(turns, text)
    if redis.call('RPUSHX', turns, text) > ${mostTurns} then redis.call('LTRIM', turns, -${mostTurns}, -1) end
  end
`;

/** Keeps the list of past turns for so long at least, and begins it for one who asks. It is never empty: a mark is first. */
export const beginTurns: string = `
  local function begin_turns(turns, px, asks)
    px = string.format('%.0f', px)
    if redis.call('PEXPIRE', turns, px, 'GT') == 0 and asks and redis.call('EXISTS', turns) == 0 then
      redis.call('RPUSH', turns, '-')
      redis.call('PEXPIRE', turns, px)
    end
  end
`;

/** The turns that ended since then, each in a line of its own, after the end of a line. */
export const turnsSince: string = `
  local function turns_since(turns, since)
    local all = redis.call('LRANGE', turns, 0, -1)
    local first = #all + 1
    while first > 1 do
      local at = string.match(all[first - 1], '^[rx](%d+)')
      if not at or at + 0 < since + 0 then break end
      first = first - 1
    end
    if first > #all then return '' end
    return '\\n' .. table.concat(all, '\\n', first)
  end
`;
