-- cluster_of(id, cluster) returns the cluster of an incident: the one of its row, or, where that is damaged, the one of its job;
-- `unknown` if neither is readable.
-- @include redis/keys
-- @include redis/decode
return function(id, cluster)
  if type(cluster) == 'string' then return cluster end
  local job = decode(redis.call('HGET', keys.job(id), 'data'))
  return job and type(job.cluster_name) == 'string' and job.cluster_name or 'unknown'
end
