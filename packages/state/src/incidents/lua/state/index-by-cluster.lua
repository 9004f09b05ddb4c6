-- index_by_cluster(cluster, now, created, id, …) adds incidents to the index of their cluster. `now` and `created` are in ms. What is
-- older than any row was left by a process of an older version, which did not know the index.
-- @include redis/keys
-- @include incidents/state/kept-ms
return function(cluster, now, ...)
  local index = keys.incidents_of(cluster)
  redis.call('ZADD', index, ...)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', now - 2 * kept_ms)
end
