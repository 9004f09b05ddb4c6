-- refuse(fault, bound, evicted, batch) refuses a fault for which the queue has no room and returns the reply. The fault of a
-- cluster is counted, leaves a row, and counts once within the dedup window; an operator gets the reply and may retry.
-- @include incidents/keep-owner
-- @include incidents/state/enter-state
-- @include incidents/state/index-by-cluster
-- @include admission/write-row
-- @include admission/batch/count-answer
-- @include admission/eviction/bound-text
return function(fault, bound, evicted, batch)
  local header = batch.header
  local rejects = header.policy == 'reject'
  local outcome = rejects and 'rejected' or 'dropped_incoming'
  if not fault.source_id then
    local why = 'the queue is full'
    if not rejects and batch.evictions_left > 0 then why = why .. ' of more severe incidents' end
    local state = rejects and 'rejected' or 'dropped'
    write_row(fault, state, batch, 'bound', bound, 'finished_at', header.now_text, 'dedup_until', header.dedup_until,
      'reason', why .. ' (' .. bound_text(bound, fault.cluster, header) .. ')')
    index_by_cluster(fault.cluster, header.now_ms, fault.id)
    enter_state(fault.id, state, header.now_ms, header.now)
    if keep_owner(fault.fault_key, fault.id, fault.score, header.now, header.dedup_until) then
      batch.owners[fault.fault_key] = fault.id
    end
    count_answer(fault, { outcome, fault.id, bound }, batch)
  end
  return { outcome, fault.id, bound, unpack(evicted) }
end
