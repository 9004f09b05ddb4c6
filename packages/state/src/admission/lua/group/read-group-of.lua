-- read_group_of(owner, fault) returns an open incident as the group of a fault, see read_group.
-- @include redis/keys
-- @include redis/number-of
-- @include queue/waiting/severity-band
return function(owner, fault)
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
