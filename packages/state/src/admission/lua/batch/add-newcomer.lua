-- add_newcomer(fault, owns_group, batch) adds a queued incident to those that write_newcomers writes: it owns its fault, and where
-- so decided its group. Unlike the owner of a member (see join_group) these are deleted with the row.
-- @include redis/keys
-- @include redis/append
return function(fault, owns_group, batch)
  local id, newcomers, now = fault.id, batch.newcomers, batch.header.now_ms
  batch.owners[fault.fault_key] = id
  append(newcomers.owners, fault.fault_key, id .. ' ' .. now)
  if owns_group then
    batch.owners[fault.group_key] = id
    append(newcomers.owners, fault.group_key, id)
  end
  append(newcomers.created, now, id)
  append(newcomers.scores, fault.score, id)
  if batch.clusters_indexed then
    local index = keys.waiting_of(fault.cluster)
    batch.cluster_scores[index] = batch.cluster_scores[index] or {}
    append(batch.cluster_scores[index], fault.score, id)
  end
end
