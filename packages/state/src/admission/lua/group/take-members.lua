-- take_members(fault, members, batch) moves members (see read_members) to the fault's incident, which becomes the owner of their
-- faults where no other open incident is.
-- @include redis/keys
-- @include incidents/fault-owner
-- @include incidents/is-open
-- @include incidents/state/kept-ms
-- @include admission/batch/set-owner
return function(fault, members, batch)
  if #members == 0 then return end
  redis.call('HSET', fault.row_key, unpack(members))
  for at = 1, #members, 2 do
    local fingerprint = string.match(members[at], '^member:(.*)')
    if fingerprint then
      local key = keys.fault(fault.cluster, fingerprint)
      local owner = batch.owners[key] or fault_owner(key)
      if not (owner and is_open(owner)) then set_owner(key, fault.id, batch, 'PX', kept_ms) end
    end
  end
end
