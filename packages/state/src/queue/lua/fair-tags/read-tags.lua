-- read_tags(faults) reads the tags of all clusters and severities of a batch at once, by severity: {next: cluster to its next
-- tag, started: the tag of the incident that started last, taken: the clusters whose next tag has changed}.
-- @include redis/keys
-- @include redis/number-of
return function(faults)
  local tags, fields = {}, {}
  for at = 1, #faults do
    local severity = faults[at].severity
    local of = tags[severity]
    if not of then
      local started = redis.call('HGET', keys.fair_started, severity)
      of = { next = {}, started = number_of(started, 0), taken = {}, prefix = severity .. ':' }
      tags[severity] = of
    end
    fields[at] = of.prefix .. faults[at].cluster
  end
  for at, tag in ipairs(redis.call('HMGET', keys.fair_next, unpack(fields))) do
    if tag then tags[faults[at].severity].next[faults[at].cluster] = number_of(tag, 0) end
  end
  return tags
end
