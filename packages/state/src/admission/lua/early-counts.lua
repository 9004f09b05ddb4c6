-- Counts faults that did not reach admission, once for each batch however often it is sent.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: source
-- ARGV[2]: sequence number of the batch among those of the source, from 1
-- ARGV[3]: counts (JSON, see CountBatch in intake-counters.ts)
-- Returns: 1, or 0 when this batch, or a later one of the source, was counted before
--
-- @include redis/keys
-- @include redis/number-of
-- @include incidents/state/kept-ms
-- @include admission/books/count
-- @include admission/books/write-counts
local last_counted = keys.counted_batch(ARGV[1])
if number_of(redis.call('GET', last_counted), 0) >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', last_counted, ARGV[2], 'PX', kept_ms)
local counts = {}
for _, counted in ipairs(cjson.decode(ARGV[3])) do
  local cluster, by = counted.cluster, counted.by
  if counted.malformed then redis.call('HINCRBY', keys.malformed, counted.malformed .. ':' .. cluster, by) end
  if counted.outcome then
    count(counts, 'received', cluster, by)
    count(counts, counted.outcome, cluster, by)
  end
end
write_counts(counts)
return 1
