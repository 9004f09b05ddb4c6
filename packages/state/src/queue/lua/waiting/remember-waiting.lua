-- remember_waiting(id, cluster, score) makes an incident evictable and counts it against the bound of its cluster.
-- @include redis/keys
return function(id, cluster, score)
  redis.call('ZADD', keys.waiting, score, id)
  redis.call('ZADD', keys.waiting_of(cluster), score, id)
end
