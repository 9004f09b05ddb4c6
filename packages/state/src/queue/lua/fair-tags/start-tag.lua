-- start_tag(severity, tag) records that an incident with this tag has started.
-- @include redis/keys
return function(severity, tag)
  if tag >= tonumber(redis.call('HGET', keys.fair_started, severity) or 0) then
    redis.call('HSET', keys.fair_started, severity, tag)
  end
end
