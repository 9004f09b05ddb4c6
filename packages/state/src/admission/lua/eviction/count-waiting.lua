-- count_waiting(most, newcomers) returns how many incidents count against the bound of all clusters: those that wait, and, where
-- the bound could be reached with so many newcomers, those that a worker holds and has not begun, because it may return them.
-- @include redis/keys
return function(most, newcomers)
  local active = QUEUE .. 'active'
  local waiting = redis.call('ZCARD', QUEUE .. 'prioritized') + redis.call('LLEN', QUEUE .. 'wait') +
    redis.call('ZCARD', QUEUE .. 'delayed')
  if waiting + redis.call('LLEN', active) + newcomers <= most then return waiting end
  for _, id in ipairs(redis.call('LRANGE', active, 0, -1)) do
    if redis.call('ZSCORE', keys.waiting, id) then waiting = waiting + 1 end
  end
  return waiting
end
