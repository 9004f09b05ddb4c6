-- trim_cluster_index(cluster, now) takes out of the index of a cluster what is older than any row: left by a process of an older
-- version, which did not know the index. `now` is in ms.
-- @include redis/keys
-- @include incidents/state/kept-ms
return function(cluster, now)
  redis.call('ZREMRANGEBYSCORE', keys.incidents_of(cluster), '-inf', now - 2 * kept_ms)
end
