-- make_room(fault, batch) evicts incidents until the queue has room for the fault. Returns a list of {id, cluster} of the evicted
-- incidents, and the bound that is still reached, `cluster` or `global`, nil where there is room.
-- @include redis/keys
-- @include admission/eviction/evict
local NONE = {}

-- The number of waiting incidents of the fault's cluster: those in the index, and those that are still to be written to it.
local function waiting_of_cluster(index, fault, batch)
  return redis.call('ZCARD', index) + (batch.newcomers_of[fault.cluster] or 0)
end

return function(fault, batch)
  local header = batch.header
  if header.cluster_queue_size == 0 and batch.waiting < header.global_queue_size then return NONE, nil end

  local evicted = {}
  if header.cluster_queue_size > 0 then
    local index = keys.waiting_of(fault.cluster)
    while waiting_of_cluster(index, fault, batch) >= header.cluster_queue_size do
      local victim = evict(fault, index, 'cluster', batch)
      if not victim then return evicted, 'cluster' end
      evicted[#evicted + 1] = victim
    end
  end
  while batch.waiting >= header.global_queue_size do
    local victim = evict(fault, keys.waiting, 'global', batch)
    if not victim then return evicted, 'global' end
    evicted[#evicted + 1] = victim
  end
  return evicted, nil
end
