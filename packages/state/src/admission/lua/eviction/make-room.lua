-- make_room(fault, batch) evicts incidents until the queue has room for the fault. Returns a list of {id, cluster} of the evicted
-- incidents, and the bound that is still reached, `cluster` or `global`, nil where there is room.
-- @include redis/keys
-- @include admission/eviction/evict
return function(fault, batch)
  local header, evicted = batch.header, {}
  local function evict_from(index, bound)
    local victim = evict(fault, index, bound, batch)
    evicted[#evicted + 1] = victim
    return victim
  end

  if header.cluster_queue_size > 0 then
    local index = keys.waiting_of(fault.cluster)
    while redis.call('ZCARD', index) + #(batch.cluster_scores[index] or {}) / 2 >= header.cluster_queue_size do
      if not evict_from(index, 'cluster') then return evicted, 'cluster' end
    end
  end
  while batch.waiting >= header.global_queue_size do
    if not evict_from(keys.waiting, 'global') then return evicted, 'global' end
  end
  return evicted, nil
end
