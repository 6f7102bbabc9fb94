import { createHash } from 'node:crypto';

/** A script and what the server calls it. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/** KEYS stream, id; ARGV most events, milliseconds that an id is known, fields... Gives the position, and 1 for a duplicate. */
export const publish: Script = script(`
local known = redis.call('GET', KEYS[2])
if known then return {known, 1} end
local at = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 3))
redis.call('SET', KEYS[2], at, 'PX', ARGV[2])
return {at, 0}`);

/** KEYS stream; ARGV group, member, positions... Those that the member still has count as fresh. */
export const sign: Script = script(`
for at = 3, #ARGV do
  local found = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[at], ARGV[at], 1, ARGV[2])
  if found[1] then redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[at], 'JUSTID') end
end`);

/** KEYS stream; ARGV group, member, position. Gives which delivery this one is; nothing when the member has it no more. */
export const again: Script = script(`
local found = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
if not found[1] then return false end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'RETRYCOUNT', found[1][4] + 1, 'JUSTID')
return found[1][4] + 1`);

/** KEYS stream; ARGV group, member, position, deliveries, idle milliseconds. Another member may have it at once. */
export const giveBack: Script = script(`
local found = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
if found[1] then
  redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'IDLE', ARGV[5], 'RETRYCOUNT', ARGV[4], 'JUSTID')
end`);

/** KEYS stream; ARGV group, member, milliseconds. Removes the member when it has nothing, and others that are long gone. */
export const leave: Script = script(`
for _, raw in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local one = {}
  for at = 1, #raw, 2 do one[raw[at]] = raw[at + 1] end
  if one['pending'] == 0 and (one['name'] == ARGV[2] or one['idle'] > tonumber(ARGV[3])) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], one['name'])
  end
end`);
