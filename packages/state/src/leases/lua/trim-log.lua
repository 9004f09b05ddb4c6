-- trim_log(log, counter, leases) empties the log when most of it is about clusters that have no lease any more: what is in it
-- has to be read anew.
-- @include redis/number-of
return function(log, counter, leases)
  if redis.call('ZCARD', log) <= 2 * redis.call('HLEN', leases) + 1000 then return end
  redis.call('DEL', log)
  redis.call('ZADD', log, number_of(redis.call('GET', counter), 0), '')
end
