-- index_by_cluster(cluster, created, id, …) adds incidents to the index of their cluster. `created` is in ms.
-- @include redis/keys
return function(cluster, ...)
  redis.call('ZADD', keys.incidents_of(cluster), ...)
end
