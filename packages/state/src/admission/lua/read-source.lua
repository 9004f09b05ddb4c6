-- read_source(fault) returns the incident that an operator requeues, or splits the fault off from: {id, exists, members}. It may
-- have been deleted since the operator saw it. It is read before an eviction, which may delete it as the oldest shed incident.
-- @include redis/keys
-- @include admission/group/read-members
return function(fault)
  local id = fault.source_id
  return {
    id = id,
    exists = redis.call('EXISTS', keys.incident(id)) == 1,
    members = fault.operation == 'requeue' and read_members(id) or {},
  }
end
