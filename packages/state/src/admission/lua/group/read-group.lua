-- read_group(fault, batch) returns the open incident of the fault's group, {owner, covers, outranked, others,
-- listed}, nil if there is none.
-- That of the fault's problem covers it; another one covers it unless the fault is more severe, which `outranked` tells. `others` counts its members besides its own fault, and `listed` tells
-- whether this fault is one of them.
-- @include incidents/is-open
-- @include admission/group/read-group-of
return function(fault, batch)
  local owner = fault.group_key and batch.owners[fault.group_key]
  if not owner or not is_open(owner) then return nil end
  return read_group_of(owner, fault)
end
