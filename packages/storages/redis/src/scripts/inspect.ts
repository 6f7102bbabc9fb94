import { place, readTime } from './place.ts';
import { script, type Script } from './script.ts';

/**
 * KEYS: lock. Changes nothing and judges nothing. Gives `{ now, text, [shared record, ...], [lease, waiter, ...] }`.
 */
export const inspect: Script = script(`
  ${readTime}
  ${place}
  local text = redis.call('GET', KEYS[1])
  local sharers = {}
  if text and string.sub(text, 1, 1) == '+' then sharers = redis.call('HVALS', SHARERS) end
  local line = {}
  for _, lease in ipairs(redis.call('LRANGE', LINE, 0, -1)) do
    line[#line + 1] = lease
    line[#line + 1] = redis.call('HGET', WAITERS, lease)
  end
  return { now, text, sharers, line }
`);
