-- write_newcomers(batch) counts the newcomers of the batch, writes them to the indexes, and makes their incidents the owners of
-- their faults and groups. Unlike the owner of a member (see join_group) these are deleted with the row.
-- @include redis/keys
-- @include admission/batch/write-cluster-index
-- @include incidents/state/index-by-cluster
-- @include admission/books/count
-- @include admission/books/count-received
return function(batch)
  local newcomers, now = batch.newcomers, batch.header.now_ms
  if #newcomers == 0 then return end
  local owners, created, scores, owned, created_of = {}, {}, {}, 0, {}
  for at = 1, #newcomers do
    local fault = newcomers[at]
    local id = fault.id
    owners[owned + 1], owners[owned + 2] = fault.fault_key, id .. ' ' .. now
    owned = owned + 2
    if fault.owns_group then
      owners[owned + 1], owners[owned + 2] = fault.group_key, id
      owned = owned + 2
    end
    created[2 * at - 1], created[2 * at] = now, id
    local of = created_of[fault.cluster] or {}
    created_of[fault.cluster], of[#of + 1], of[#of + 2] = of, now, id
    scores[2 * at - 1], scores[2 * at] = fault.score, id
  end
  redis.call('MSET', unpack(owners))
  redis.call('ZADD', keys.incidents, unpack(created))
  redis.call('ZADD', keys.incidents_in('queued'), unpack(created))
  for cluster, of in pairs(created_of) do index_by_cluster(cluster, unpack(of)) end
  redis.call('ZADD', keys.waiting, unpack(scores))
  if batch.clusters_indexed then write_cluster_index(newcomers) end
  for cluster, number in pairs(batch.newcomers_of) do
    count_received(batch.counts, 'queued', cluster, number)
    count(batch.counts, 'waiting', cluster, number)
  end
  batch.newcomers, batch.newcomers_of = {}, {}
end
