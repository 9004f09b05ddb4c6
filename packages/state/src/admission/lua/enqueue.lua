-- enqueue(fault, owner, source, group, evicted, batch) queues an incident for the fault and returns the reply. The owner of the
-- fault, the source of an operator's request and the group's incident may be nil.
-- @include bullmq/add-prioritized-job
-- @include redis/keys
-- @include redis/append
-- @include redis/integer-text
-- @include incidents/is-open
-- @include queue/fair-tags/read-tags
-- @include queue/fair-tags/take-tag
-- @include queue/fair-tags/reset-tags
-- @include admission/write-row
-- @include admission/batch/add-newcomer
-- @include admission/books/count
-- @include admission/group/take-members
-- @include admission/group/leave-source
-- @include problems/link-problem

local function add_job(fault, tag, batch)
  local job = batch.job
  job.args[2], job.args[4] = fault.id, batch.header.now_ms
  job.options.jobId, job.options.priority = fault.id, batch.header.priorities[fault.severity + 1] + tag
  add_prioritized_job(job.keys, { job.args, fault.job_data, job.options })
  batch.waiting = batch.waiting + 1
end

-- The fields that link the row to the previous incident of the fault, while that has a row, and to the group that it owns.
local function links_of(fault, owner, source, owns_group)
  local links = owns_group and { 'group', fault.group } or {}
  local previous = source and source.id or owner
  if previous and (source and source.exists or redis.call('EXISTS', keys.incident(previous)) == 1) then
    append(links, 'previous_incident_id', previous)
  end
  return links
end

return function(fault, owner, source, group, evicted, batch)
  batch.tags = batch.tags or read_tags(batch.faults)
  if batch.waiting == 0 then reset_tags(batch.tags) end
  local tag = take_tag(batch.tags, fault.severity, fault.cluster)
  add_job(fault, tag, batch)

  -- The group's incident, which an operator's request does not join, may have been evicted for this one.
  local owns_group = fault.group_key and not (group and group.covers and is_open(group.owner))
  write_row(fault, 'queued', batch, 'dedup_until', batch.header.dedup_until, 'phase', 'waiting', 'tag', integer_text(tag),
    unpack(links_of(fault, owner, source, owns_group)))
  if source then
    take_members(fault, source.members, batch)
    leave_source(fault)
  end
  if fault.problem then
    redis.call('HSET', fault.row_key, 'problem', fault.problem)
    link_problem(fault, fault.id, batch)
  end
  add_newcomer(fault, owns_group, batch)
  if source then count(batch.counts, 'requeued', fault.cluster, 1) end
  return { 'queued', fault.id, unpack(evicted) }
end
