-- join_group(fault, group, batch) makes the fault a member of its group's incident and returns the reply.
-- @include redis/keys
-- @include incidents/state/kept-ms
-- @include admission/batch/set-owner
-- @include admission/batch/count-answer
-- @include admission/group/member-json
-- @include admission/raise-severity
-- @include problems/link-problem
return function(fault, group, batch)
  if group.outranked then raise_severity(group.owner, group.score, fault, batch) end
  set_owner(fault.fault_key, group.owner, batch, 'PX', kept_ms)
  if fault.problem then
    link_problem(fault, group.owner, batch)
  end
  local others = group.others
  if not group.listed then
    local row_key = keys.incident(group.owner)
    others = redis.call('HINCRBY', row_key, 'other_members', 1)
    if others < batch.header.most_members then
      redis.call('HSET', row_key, 'member:' .. fault.fingerprint, member_json(fault))
    end
  end
  return count_answer(fault, { 'grouped', group.owner, others + 1 }, batch)
end
