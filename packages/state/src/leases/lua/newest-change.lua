-- newest_change(log) returns the version of the newest change in the log, 0 if there is none.
return function(log)
  return tonumber(redis.call('ZRANGE', log, -1, -1, 'WITHSCORES')[2] or 0)
end
