-- read_group(fault, batch) returns the open incident of the fault's group, {owner, covers, others, listed}, nil if there is none.
-- It covers the fault unless the fault is more severe. `others` counts its members besides its own fault, and `listed` tells
-- whether this fault is one of them.
-- @include redis/keys
-- @include incidents/is-open
-- @include queue/waiting/severity-band
return function(fault, batch)
  local owner = fault.group_key and batch.owners[fault.group_key]
  if not owner or not is_open(owner) then return nil end
  local row = redis.call('HMGET', keys.incident(owner), 'place', 'other_members', 'member:' .. fault.fingerprint)
  return {
    owner = owner,
    covers = math.floor(row[1] / severity_band) >= fault.severity,
    others = tonumber(row[2] or 0),
    listed = row[3],
  }
end
