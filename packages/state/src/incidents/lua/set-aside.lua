-- Moves the row of an incident aside that cannot be read. If the incident was open, it counts as finished. It leaves all indexes.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: incident id
-- ARGV[2]: why
-- ARGV[3]: now (ms)
-- Returns: nothing
--
-- @include redis/keys
-- @include incidents/state/all-states
-- @include incidents/state/open-states
-- @include incidents/state/change-state
-- @include admission/books/write-counts
local id, reason, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local row_key = keys.incident(id)
local state, cluster = redis.call('HGET', row_key, 'state'), redis.call('HGET', row_key, 'cluster_name')
if redis.call('EXISTS', row_key) == 1 then
  if open_states[state] then
    local counts = {}
    change_state(id, 'failed', nil, now, counts)
    write_counts(counts)
  end
  redis.key_aside(row_key, reason)
end
for other in pairs(all_states) do redis.call('ZREM', keys.incidents_in(other), id) end
redis.call('ZREM', keys.incidents, id)
if cluster then redis.call('ZREM', keys.incidents_of(cluster), id) end
redis.call('ZREM', keys.waiting, id)
