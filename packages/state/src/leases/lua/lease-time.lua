-- lease_time(given) returns the given time in ms, for '' that of Redis's clock.
-- @include redis/redis-time
return function(given)
  return given ~= '' and tonumber(given) or redis_time()
end
