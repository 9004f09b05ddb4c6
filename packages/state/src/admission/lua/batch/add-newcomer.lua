-- add_newcomer(fault, owns_group, batch) adds a queued fault to those that write_newcomers counts and writes. Its incident owns it,
-- and where so decided its group.
return function(fault, owns_group, batch)
  local id, newcomers, newcomers_of = fault.id, batch.newcomers, batch.newcomers_of
  batch.owners[fault.fault_key] = id
  if owns_group then
    fault.owns_group = true
    batch.owners[fault.group_key] = id
  end
  newcomers[#newcomers + 1] = fault
  newcomers_of[fault.cluster] = (newcomers_of[fault.cluster] or 0) + 1
end
