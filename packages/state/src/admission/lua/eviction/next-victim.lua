-- next_victim(index, cluster) returns the incident to evict first, with its eviction score: the oldest of the lowest severity.
-- An incident that is passing to or from a worker is skipped; one that no longer exists is removed from the indexes.
-- @include redis/keys
-- @include queue/waiting/forget-waiting
return function(index, cluster)
  local at = 0
  while true do
    local entry = redis.call('ZRANGE', index, at, at, 'WITHSCORES')
    local candidate = entry[1]
    if not candidate then return nil end
    if redis.call('ZSCORE', QUEUE .. 'prioritized', candidate) or redis.call('ZSCORE', QUEUE .. 'delayed', candidate) then
      return candidate, tonumber(entry[2])
    end
    local row = redis.call('HMGET', keys.incident(candidate), 'state', 'cluster_name')
    if row[1] == 'queued' and redis.call('EXISTS', keys.job(candidate)) == 1 then
      at = at + 1
    else
      redis.call('ZREM', index, candidate)
      forget_waiting(candidate, row[2] or cluster)
    end
  end
end
