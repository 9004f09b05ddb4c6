-- Counts what did not get as far as admission, once however often it is sent. Preceded by incident-rows.lua.
--
-- ARGV: source, sequence (of the batches of a source, from 1), counts (JSON, see CountBatch in intake-counters.ts)
-- Returns 1, or 0 when this batch, or a later one of the source, was counted before.

local last_counted = ours .. 'counted-batch:' .. ARGV[1]
if tonumber(redis.call('GET', last_counted) or 0) >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', last_counted, ARGV[2], 'PX', KEPT_MS)
for _, counted in ipairs(cjson.decode(ARGV[3])) do
  local cluster, by = counted.cluster, counted.by
  if counted.malformed then redis.call('HINCRBY', ours .. 'malformed', counted.malformed .. ':' .. cluster, by) end
  if counted.outcome then
    count('received', cluster, by)
    count(counted.outcome, cluster, by)
  end
end
return 1
