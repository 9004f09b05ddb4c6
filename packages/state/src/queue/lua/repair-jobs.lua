-- Removes active jobs that no worker can take, because BullMQ's record of them is damaged, and ends their incidents. Each would
-- hold an agent until it has stalled too often.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1], ARGV[2]: now (ms, RFC 3339)
-- Returns: ids of the removed jobs
--
-- @include redis/keys
-- @include redis/decode
-- @include queue/repair-queue
-- @include incidents/state/open-states
-- @include incidents/state/change-state
-- @include notifications/note-due
-- @include admission/books/write-counts
local UUID = '^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$'
local REASON = 'the record of its job in Redis is damaged'

local function is_whole(id)
  if redis.call('TYPE', keys.job(id)).ok ~= 'hash' then return false end
  local job = decode(redis.call('HGET', keys.job(id), 'data'))
  return job and job.incident_id == id and string.match(id, UUID)
end

repair_queue(QUEUE)

local removed, counts = {}, {}
for _, id in ipairs(redis.call('LRANGE', QUEUE .. 'active', 0, -1)) do
  if not is_whole(id) then
    redis.call('LREM', QUEUE .. 'active', 0, id)
    redis.call('SREM', QUEUE .. 'stalled', id)
    redis.call('DEL', keys.job(id) .. ':lock')
    if redis.call('EXISTS', keys.job(id)) == 1 then redis.key_aside(keys.job(id), 'it is no job of an incident') end
    local row = redis.call('HMGET', keys.incident(id), 'state', 'cluster_name')
    if open_states[row[1]] then
      redis.call('HSET', keys.incident(id), 'finished_at', ARGV[2], 'reason', REASON)
      if row[2] then redis.call('ZREM', keys.slots(row[2]), id) end
      change_state(id, 'failed', nil, tonumber(ARGV[1]), counts)
      note_due(id, { event = 'incident_failed', incident_id = id })
    end
    removed[#removed + 1] = id
  end
end
write_counts(counts)
-- Another job may start in place of each: wakes a worker that waits for that.
if #removed > 0 then redis.call('ZADD', QUEUE .. 'marker', 0, '0') end
return removed
