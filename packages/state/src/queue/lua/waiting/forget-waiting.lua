-- forget_waiting(id, cluster) makes an incident no longer evictable, and no longer counted against the bound of its cluster.
-- @include redis/keys
return function(id, cluster)
  redis.call('ZREM', keys.waiting, id)
  redis.call('ZREM', keys.waiting_of(cluster), id)
  redis.call('ZREM', keys.parked(cluster), id)
end
