-- Cancels an open incident. If no worker holds its job, the incident ends at once: job, row, indexes, slot and books in one
-- step. If a worker holds it, a request is written to the row. That worker, or the next one that claims the incident, ends it.
-- Preceded by `bull_remove` and incident-rows.lua.
--
-- ARGV[1] incident id
-- ARGV[2] now, ms since the epoch
-- ARGV[3] now, RFC 3339
-- ARGV[4] reason of an incident that ends at once
-- ARGV[5] fields of the request (JSON object), written if the row has no request yet; empty: only a request that the row has
--         already is carried out
-- Returns {'missing'}, {'final', state}, {'not_requested'}, {'requested', state} or {'cancelled'}.

local id, now, now_text, reason, request = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local row = row_of(id)
local known = redis.call('HMGET', row, 'state', 'cluster_name', 'cancel_requested_at')
local state, cluster, requested_at = known[1], known[2], known[3]
if not state then return { 'missing' } end
if not OPEN[state] then return { 'final', state } end
if not requested_at then
  if request == '' then return { 'not_requested' } end
  for field, value in pairs(cjson.decode(request)) do redis.call('HSET', row, field, value) end
end

-- BullMQ refuses to remove a job with a lock. A job without one waits, or its worker died or hung until the lock expired.
if redis.call('EXISTS', bull .. id .. ':lock') == 1 then return { 'requested', state } end
if has_job(id) then
  bull_remove({ bull .. id, bull .. 'repeat' }, { id, '0', bull })
  -- If the job was active, `max_concurrent_agents` allows another one now: wake a worker that waits for that.
  redis.call('ZADD', bull .. 'marker', 0, '0')
end
redis.call('ZREM', ours .. 'slots:' .. cluster, id)
redis.call('HSET', row, 'finished_at', now_text, 'reason', reason)
change_state(id, 'cancelled', nil, now)
return { 'cancelled' }
