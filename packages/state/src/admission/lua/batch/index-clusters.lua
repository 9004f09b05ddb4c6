-- index_clusters(header) returns whether waiting incidents are indexed by cluster. They are only once a process has bounded the
-- clusters, because the index costs a call of Redis for each cluster. From then on every process maintains it, since ingesters
-- may have different bounds.
-- @include redis/keys
-- @include admission/batch/write-cluster-index
local PAGE = 1000

return function(header)
  local indexed = redis.call('EXISTS', keys.clusters_indexed) == 1
  if indexed or header.cluster_queue_size == 0 then return indexed end
  for from = 0, redis.call('ZCARD', keys.waiting), PAGE do
    local entries, incidents = redis.call('ZRANGE', keys.waiting, from, from + PAGE - 1, 'WITHSCORES'), {}
    for at = 1, #entries, 2 do
      local id, score = entries[at], entries[at + 1]
      local cluster = redis.call('HGET', keys.incident(id), 'cluster_name')
      if cluster then incidents[#incidents + 1] = { id = id, cluster = cluster, score = score } end
    end
    write_cluster_index(incidents)
  end
  redis.call('SET', keys.clusters_indexed, '1')
  return true
end
