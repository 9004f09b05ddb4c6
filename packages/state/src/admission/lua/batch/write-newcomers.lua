-- write_newcomers(batch) writes the queued incidents of the batch to the indexes.
-- @include redis/keys
-- @include admission/batch/write-cluster-index
return function(batch)
  local newcomers = batch.newcomers
  if #newcomers.created == 0 then return end
  redis.call('MSET', unpack(newcomers.owners))
  redis.call('ZADD', keys.incidents, unpack(newcomers.created))
  redis.call('ZADD', keys.incidents_in('queued'), unpack(newcomers.created))
  redis.call('ZADD', keys.waiting, unpack(newcomers.scores))
  write_cluster_index(batch)
  batch.newcomers = { owners = {}, created = {}, scores = {} }
end
