-- raise_severity(id, score, fault, batch) raises an open incident with this eviction score to the severity of a fault that it
-- covers, which is higher: in its row, for its eviction, and in the order of the queue, where it gets a new tag among those of
-- that severity.
-- @include bullmq/change-priority
-- @include redis/keys
-- @include redis/integer-text
-- @include queue/waiting/severity-band
-- @include queue/slots/queue-keys
-- @include queue/slots/promotion-score
-- @include queue/fair-tags/read-tags
-- @include queue/fair-tags/take-tag
-- @include admission/batch/write-newcomers
return function(id, score, fault, batch)
  write_newcomers(batch)
  local cluster, raised = fault.cluster, fault.severity * severity_band + score % severity_band
  local score_text = string.format('%.0f', raised)
  batch.tags = batch.tags or read_tags(batch.faults)
  local tag = take_tag(batch.tags, fault.severity, cluster)
  redis.call('HSET', keys.incident(id), 'place', score_text, 'severity', batch.header.severities[fault.severity + 1],
    'tag', integer_text(tag))
  redis.call('ZADD', keys.waiting, 'XX', score_text, id)
  redis.call('ZADD', keys.waiting_of(cluster), 'XX', score_text, id)
  redis.call('ZADD', keys.parked(cluster), 'XX', string.format('%.0f', promotion_score(raised)), id)
  -- Of a job that runs or is delayed, it counts from its next start.
  change_priority(queue_keys('wait', 'paused', 'meta', 'prioritized', 'active', 'pc', 'marker'),
    { batch.header.priorities[fault.severity + 1] + tag, QUEUE, id, '0' })
end
