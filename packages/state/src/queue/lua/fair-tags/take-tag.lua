-- take_tag(tags, severity, cluster) returns the tag of the cluster's next incident: start-time fair queueing within each
-- severity. A tag is one higher than the last one of the cluster, and at least that of the incident that started last. So the
-- incidents of a cluster that floods the queue start after those of clusters with few, and it still gets its fair share.
-- `tags` are those of read_tags; write_tags writes them.

-- Tags that fit between two severities. From the last one on, incidents start in the order of arrival.
local LAST_TAG = 2 ^ 19 - 2

return function(tags, severity, cluster)
  local of = tags[severity]
  local tag = math.min(math.max(of.next[cluster] or 0, of.started), LAST_TAG)
  of.next[cluster], of.taken[cluster] = tag + 1, true
  return tag
end
