-- Adds incidents of versions without it to the index by cluster.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: now (ms)
-- ARGV[2…]: ids
-- Returns: nothing
--
-- @include redis/keys
-- @include incidents/state/index-by-cluster
for at = 2, #ARGV do
  local created = redis.call('ZSCORE', keys.incidents, ARGV[at])
  local cluster = redis.call('HGET', keys.incident(ARGV[at]), 'cluster_name')
  if created and cluster then index_by_cluster(cluster, created, ARGV[at]) end
end
