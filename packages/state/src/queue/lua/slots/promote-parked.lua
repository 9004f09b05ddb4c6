-- promote_parked(cluster, wanted) promotes up to so many parked incidents of a cluster and returns their ids. An incident whose
-- job is no longer delayed needs no promotion.
-- @include bullmq/promote
-- @include redis/keys
-- @include incidents/state/change-phase
-- @include queue/slots/queue-keys
-- @include admission/books/write-counts
return function(cluster, wanted)
  local bullmq_keys = queue_keys('delayed', 'wait', 'paused', 'meta', 'prioritized', 'active', 'pc', 'events', 'marker')
  local promoted, counts = {}, {}
  while #promoted < wanted do
    local first = redis.call('ZPOPMIN', keys.parked(cluster))[1]
    if not first then
      redis.call('SREM', keys.parked_clusters, cluster)
      break
    end
    if promote(bullmq_keys, { QUEUE, first }) == 0 then
      if redis.call('HGET', keys.incident(first), 'phase') == 'delayed' then
        change_phase(first, cluster, 'delayed', 'waiting', counts)
      end
      promoted[#promoted + 1] = first
    end
  end
  write_counts(counts)
  return promoted
end
