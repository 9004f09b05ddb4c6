-- decide(fault, batch) decides on one fault (see read_faults) of a batch (see open_batch), changes what follows from that, and
-- returns its reply.
-- @include admission/answer-resent
-- @include admission/read-source
-- @include admission/find-open
-- @include admission/count-recurrence
-- @include admission/group/read-group
-- @include admission/group/join-group
-- @include admission/count-explained
-- @include admission/refuse
-- @include admission/enqueue
-- @include admission/eviction/make-room
return function(fault, batch)
  -- 1. Resent: the reply to this call was lost, and it gets the same answer.
  local answer = answer_resent(fault, batch)
  if answer then return answer end

  -- 2. Duplicate: an incident exists for this fault. An operator may request another one if none is open.
  local owner, source = batch.owners[fault.fault_key], nil
  if fault.source_id then
    source = read_source(fault)
    local open = find_open(fault, owner, source)
    if open then return { 'already_open', open } end
  elseif owner then
    local recurrence = count_recurrence(fault, owner, batch)
    if recurrence then return recurrence end
  end

  -- 3. Group: the open incident of the fault's problem lists it; without a problem, one of the same workload and type of fault,
  -- unless this fault is more severe.
  local group = read_group(fault, batch)
  if group and group.covers and not source then return join_group(fault, group, batch) end

  -- 4. Explained: the fault's problem is firing, and a report explains it. Another symptom needs no other investigation.
  local explained = fault.problem and not source and count_explained(fault, batch)
  if explained then return explained end

  -- 5. The bounds, by eviction where the policy allows it.
  local evicted, full = make_room(fault, batch)
  if full then return refuse(fault, full, evicted, batch) end

  -- 6. The incident.
  return enqueue(fault, owner, source, group, evicted, batch)
end
