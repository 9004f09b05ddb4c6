-- start_tag(severity, tag) records that an incident with this tag has started.
-- @include redis/keys
-- @include redis/number-of
return function(severity, tag)
  if tag >= number_of(redis.call('HGET', keys.fair_started, severity), 0) then
    redis.call('HSET', keys.fair_started, severity, tag)
  end
end
