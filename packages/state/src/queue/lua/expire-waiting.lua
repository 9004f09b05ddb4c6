-- Ends incidents that have waited too long for their first investigation.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: expire those created at this time or earlier (ms)
-- ARGV[2], ARGV[3]: now (ms, RFC 3339)
-- ARGV[4]: reason for the row
-- ARGV[5], ARGV[6]: number of entries to skip, maximum of entries to check
-- Returns: {number of checked entries that stay, expired ids…}
--
-- @include bullmq/remove-job
-- @include redis/keys
-- @include incidents/state/change-state
-- @include admission/books/write-counts
local created_before, now, now_text, reason, skip, most = unpack(ARGV)

local expired, stay, counts = {}, 0, {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', keys.incidents_in('queued'), '-inf', created_before, 'LIMIT', skip, most)) do
  local waits = redis.call('ZSCORE', QUEUE .. 'prioritized', id) or redis.call('ZSCORE', QUEUE .. 'delayed', id)
  local begun = redis.call('HEXISTS', keys.incident(id), 'started_at') == 1
  local vanished = redis.call('EXISTS', keys.job(id)) == 0
  local removed = not begun and waits and remove_job({ keys.job(id), QUEUE .. 'repeat' }, { id, '0', QUEUE }) == 1
  if removed or vanished then
    redis.call('HSET', keys.incident(id), 'finished_at', now_text, 'reason', reason)
    change_state(id, 'expired', nil, tonumber(now), counts)
    expired[#expired + 1] = id
  else
    stay = stay + 1
  end
end
write_counts(counts)
return { stay, unpack(expired) }
