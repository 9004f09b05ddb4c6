-- take_tag(tags, severity, cluster) returns the tag of the cluster's next incident: start-time fair queueing within each
-- severity. A tag is one higher than the last one of the cluster, and at least that of the incident that started last. So the
-- incidents of a cluster that floods the queue start after those of clusters with few, and it still gets its fair share.
-- `tags` holds what this call has read and taken: {next = {}, started = {}, taken = {}}; write_tags writes it.
-- @include redis/keys

-- Tags that fit between two severities. From the last one on, incidents start in the order of arrival.
local LAST_TAG = 2 ^ 19 - 2

return function(tags, severity, cluster)
  local field = severity .. ':' .. cluster
  if not tags.next[field] then tags.next[field] = tonumber(redis.call('HGET', keys.fair_next, field) or 0) end
  if not tags.started[severity] then
    tags.started[severity] = tonumber(redis.call('HGET', keys.fair_started, severity) or 0)
  end
  local tag = math.min(math.max(tags.next[field], tags.started[severity]), LAST_TAG)
  tags.next[field], tags.taken[field] = tag + 1, true
  return tag
end
