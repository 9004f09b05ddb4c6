-- heartbeats_lasted(now, ms) returns whether heartbeats of workers have come for this long without a gap; true before the first one.
-- After a gap, in which Redis was unreachable or refused writes, live workers first renew what has expired meanwhile.
-- @include redis/keys
-- @include redis/decode
-- @include redis/number-of
-- @include queue/heartbeat-gap
return function(now, ms)
  local watch = decode(redis.call('HGET', keys.worker_records, ''))
  if not watch then return true end
  return now - number_of(watch.last, 0) <= heartbeat_gap and now - number_of(watch.since, 0) >= ms
end
