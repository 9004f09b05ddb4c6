-- Compares the states of clusters with the last ones that were noted, and appends an event for each change. Any process may call it:
-- what was read earlier than the noted state changes nothing.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: when the states were read (ms of Redis's clock)
-- ARGV[2…]: name, status, and degraded (1 or 0) of each cluster
-- Returns: number of changes
--
-- @include redis/keys
-- @include events/note-event
local at = tonumber(ARGV[1])
local noted_at = tonumber(redis.call('HGET', keys.cluster_states, '') or '') or 0
if at < noted_at then return 0 end

local changes = 0
for argument = 2, #ARGV, 3 do
  local name, status, degraded = ARGV[argument], ARGV[argument + 1], ARGV[argument + 2] == '1'
  local state = status .. (degraded and ' degraded' or '')
  local before = redis.call('HGET', keys.cluster_states, name)
  if before ~= state then
    redis.call('HSET', keys.cluster_states, name, state)
    note_event('cluster', { name = name, status = status, degraded = degraded })
    changes = changes + 1
  end
end
if changes > 0 then redis.call('HSET', keys.cluster_states, '', string.format('%.0f', at)) end
return changes
