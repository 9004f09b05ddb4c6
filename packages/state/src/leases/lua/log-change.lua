-- log_change(log, counter, cluster) notes that the lease of a cluster changes, and returns the version: the fencing token of the
-- change. The member '' has the version up to which the log is incomplete, because a process of an older version wrote none.
-- @include leases/newest-change
-- @include redis/number-of
return function(log, counter, cluster)
  local newest, before = newest_change(log), number_of(redis.call('GET', counter), 0)
  local version = redis.call('INCR', counter)
  if newest ~= before then redis.call('ZADD', log, version, '') end
  redis.call('ZADD', log, version, cluster)
  return version
end
