-- take_tag(tags, severity, cluster) returns the tag of the cluster's next incident: start-time fair queueing within each
-- severity. A tag is one higher than the last one of the cluster, and at least that of the incident that started last. So the
-- incidents of a cluster that floods the queue start after those of clusters with few, and it still gets its fair share.
-- `tags` holds what this call has read and taken, by severity: {next = {cluster → tag}, started = tag}; write_tags writes it.
-- @include redis/keys

-- Tags that fit between two severities. From the last one on, incidents start in the order of arrival.
local LAST_TAG = 2 ^ 19 - 2

return function(tags, severity, cluster)
  local of = tags[severity]
  if not of then
    of = { next = {}, started = tonumber(redis.call('HGET', keys.fair_started, severity) or 0) }
    tags[severity] = of
  end
  local next_tag = of.next[cluster]
  if not next_tag then next_tag = tonumber(redis.call('HGET', keys.fair_next, severity .. ':' .. cluster) or 0) end
  local tag = math.min(math.max(next_tag, of.started), LAST_TAG)
  of.next[cluster] = tag + 1
  return tag
end
