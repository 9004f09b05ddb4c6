-- decide(fault, batch) decides on one fault (see read_faults) of a batch (see open_batch), changes what follows from that, and
-- returns its reply.
-- @include admission/answer-resent
-- @include admission/read-source
-- @include admission/find-open
-- @include admission/count-recurrence
-- @include admission/group/read-group
-- @include admission/group/join-group
-- @include admission/group/read-group-of
-- @include problems/storm/find-storm
-- @include problems/storm/join-storm
-- @include admission/count-explained
-- @include incidents/is-open
-- @include problems/judge-problem
-- @include problems/state/change-problem
-- @include admission/refuse
-- @include admission/enqueue
-- @include admission/eviction/make-room
return function(fault, batch)
  -- 1. Resent: the reply to this call was lost, and it gets the same answer.
  local answer = answer_resent(fault, batch)
  if answer then return answer end

  -- 2. Problem: does it need an investigation, or does an incident cover it?
  local verdict = fault.problem and not fault.source_id and judge_problem(fault, batch) or {}
  if verdict.outdated then change_problem(fault.cluster, fault.problem, 'closed', batch.header.now_ms) end

  -- 3. Duplicate: an incident exists for this fault. An operator may request another one if none is open.
  local owner, source = batch.owners[fault.fault_key], nil
  if fault.source_id then
    source = read_source(fault)
    local open = find_open(fault, owner, source)
    if open then return { 'already_open', open } end
  elseif owner and (not verdict.reason or verdict.reason == 'new' or verdict.reason == 'shed' or is_open(owner)) then
    local recurrence = count_recurrence(fault, owner, batch)
    if recurrence then return recurrence end
  end

  -- 4. Group: the open incident of the fault's problem lists it; without a problem, one of the same workload and type of fault,
  -- unless this fault is more severe.
  local group = read_group(fault, batch) or (verdict.open and read_group_of(verdict.incident, fault)) or nil
  if group and group.covers and not source then return join_group(fault, group, batch) end

  -- 5. Covered: the problem was investigated. Another fault of it needs no other investigation.
  if verdict.incident and not verdict.open then return count_explained(fault, verdict.incident, batch) end

  -- 6. Storm: the problem is one of many that begin together, and the first of them is investigated for all.
  local storm = (verdict.reason == 'new' or verdict.reason == 'closed') and find_storm(fault, batch)
  if storm then
    join_storm(fault, storm, batch)
    return join_group(fault, read_group_of(storm.incident, fault), batch)
  end

  -- 7. The bounds, by eviction where the policy allows it.
  local evicted, full = make_room(fault, batch)
  if full then return refuse(fault, full, evicted, batch) end

  -- 8. The incident.
  return enqueue(fault, owner, source, group, evicted, batch)
end
