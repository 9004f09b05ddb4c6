-- Cancels an open incident. If no worker holds its job, the incident ends at once: job, row, indexes, slot and books in one
-- step. If a worker holds it, a request is written to the row. That worker, or the next one that claims the incident, ends it.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: incident id
-- ARGV[2], ARGV[3]: now (ms, RFC 3339)
-- ARGV[4]: reason of an incident that ends at once
-- ARGV[5]: fields of the request (JSON object), written if the row has no request yet; '': only a request that the row already has
-- is carried out
-- Returns: {'missing'}, {'final', state}, {'not_requested'}, {'requested', state} or {'cancelled'}
--
-- @include bullmq/remove-job
-- @include redis/keys
-- @include incidents/has-job
-- @include incidents/state/all-states
-- @include incidents/state/open-states
-- @include incidents/state/change-state
-- @include admission/books/write-counts
local id, now, now_text, reason, request = unpack(ARGV)
local row_key = keys.incident(id)
local row = redis.call('HMGET', row_key, 'state', 'cluster_name', 'cancel_requested_at')
local state, cluster, requested_at = row[1], row[2] or 'unknown', row[3]
if not state or not all_states[state] then return { 'missing' } end
if not open_states[state] then return { 'final', state } end
if not requested_at then
  if request == '' then return { 'not_requested' } end
  for field, value in pairs(cjson.decode(request)) do redis.call('HSET', row_key, field, value) end
end

-- BullMQ refuses to remove a job with a lock. A job without one waits, or its worker died or hung until the lock expired.
if redis.call('EXISTS', keys.job(id) .. ':lock') == 1 then return { 'requested', state } end
if has_job(id) then
  remove_job({ keys.job(id), QUEUE .. 'repeat' }, { id, '0', QUEUE })
  -- If the job was active, `max_concurrent_agents` allows another one now: wake a worker that waits for that.
  redis.call('ZADD', QUEUE .. 'marker', 0, '0')
end
redis.call('ZREM', keys.slots(cluster), id)
redis.call('HSET', row_key, 'finished_at', now_text, 'reason', reason)
local counts = {}
change_state(id, 'cancelled', nil, tonumber(now), counts)
write_counts(counts)
return { 'cancelled' }
