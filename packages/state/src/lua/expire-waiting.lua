-- Ends incidents that have waited too long for their first investigation. Preceded by `bull_remove` and
-- incident-rows.lua.
--
-- ARGV: created before (ms), now (ms), now (text), reason, first entry to look at, most entries to look at
-- Returns {number of entries that stay, expired ids…}.

local expired, stay = {}, 0
local created = redis.call('ZRANGEBYSCORE', index_of('queued'), '-inf', ARGV[1], 'LIMIT', ARGV[5], ARGV[6])
for _, id in ipairs(created) do
  local waits = redis.call('ZSCORE', bull .. 'prioritized', id) or redis.call('ZSCORE', bull .. 'delayed', id)
  local begun = redis.call('HEXISTS', row_of(id), 'started_at') == 1
  local vanished = redis.call('EXISTS', bull .. id) == 0
  local removed = not begun and waits and bull_remove({ bull .. id, bull .. 'repeat' }, { id, '0', bull }) == 1
  if removed or vanished then
    redis.call('HSET', row_of(id), 'finished_at', ARGV[3], 'reason', ARGV[4])
    change_state(id, 'expired', nil, tonumber(ARGV[2]))
    expired[#expired + 1] = id
  else
    stay = stay + 1
  end
end
return { stay, unpack(expired) }
