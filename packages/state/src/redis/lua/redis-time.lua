-- redis_time() returns the time of Redis's clock in ms, so that the clocks of our processes need not agree.
return function()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
