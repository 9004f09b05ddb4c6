-- read_group(fault, batch) returns the open incident of the fault's group, {owner, covers, outranked, others,
-- listed}, nil if there is none.
-- That of the fault's problem covers it; another one covers it unless the fault is more severe, which `outranked` tells. `others` counts its members besides its own fault, and `listed` tells
-- whether this fault is one of them.
-- @include redis/keys
-- @include redis/number-of
-- @include incidents/is-open
-- @include queue/waiting/severity-band
return function(fault, batch)
  local owner = fault.group_key and batch.owners[fault.group_key]
  if not owner or not is_open(owner) then return nil end
  local row = redis.call('HMGET', keys.incident(owner), 'place', 'other_members', 'member:' .. fault.fingerprint)
  local score = number_of(row[1], 0)
  local outranked = math.floor(score / severity_band) < fault.severity
  return {
    owner = owner,
    score = score,
    outranked = outranked,
    covers = fault.problem or not outranked,
    others = number_of(row[2], 0),
    listed = row[3],
  }
end
