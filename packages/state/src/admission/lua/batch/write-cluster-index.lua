-- write_cluster_index(incidents) adds waiting incidents, {id, cluster, score} each, to the indexes by cluster.
-- @include redis/keys
-- @include redis/append
return function(incidents)
  local scores = {}
  for _, incident in ipairs(incidents) do
    local of = scores[incident.cluster] or {}
    scores[incident.cluster] = of
    append(of, incident.score, incident.id)
  end
  for cluster, of in pairs(scores) do redis.call('ZADD', keys.waiting_of(cluster), unpack(of)) end
end
