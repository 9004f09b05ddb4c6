-- write_answers(batch) writes the remembered answers, and deletes old ones: answers are kept for ten minutes, up to 200,000 of
-- them, and at least the latest 10,000. For each new one at most two are deleted.
-- @include redis/keys
local KEPT_MS, LEAST_KEPT, MOST_KEPT = 10 * 60 * 1000, 10000, 200000

return function(batch)
  local calls = batch.remembered.calls
  if #calls == 0 then return end
  redis.call('ZADD', keys.counted_calls, unpack(calls))
  redis.call('HSET', keys.counted_answers, unpack(batch.remembered.answers))
  local kept = redis.call('ZCARD', keys.counted_calls)
  if kept <= LEAST_KEPT then return end
  local before = kept > MOST_KEPT and '+inf' or batch.header.now - KEPT_MS
  -- `calls` has two entries for each new answer.
  local most = math.min(kept - LEAST_KEPT, #calls)
  local old = redis.call('ZRANGEBYSCORE', keys.counted_calls, '-inf', before, 'LIMIT', 0, most)
  if #old == 0 then return end
  redis.call('HDEL', keys.counted_answers, unpack(old))
  redis.call('ZREM', keys.counted_calls, unpack(old))
end
