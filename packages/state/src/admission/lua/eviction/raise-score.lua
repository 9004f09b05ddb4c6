-- raise_score(fault, group, batch) raises the eviction score of a group's incident to the severity of the fault that joins it: the
-- most severe member decides when the incident is evicted. Its start order stays that of its own fault.
-- @include redis/keys
-- @include queue/waiting/severity-band
-- @include admission/batch/write-newcomers
return function(fault, group, batch)
  write_newcomers(batch)
  local raised = string.format('%.0f', fault.severity * severity_band + group.score % severity_band)
  redis.call('HSET', keys.incident(group.owner), 'place', raised)
  redis.call('ZADD', keys.waiting, 'XX', raised, group.owner)
  redis.call('ZADD', keys.waiting_of(fault.cluster), 'XX', raised, group.owner)
end
