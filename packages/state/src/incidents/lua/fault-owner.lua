-- fault_owner(key) returns the id of the incident that owns a fault or a group, nil if none does. The value of a fault's key is
-- that id and the time in ms at which the fault was last seen, for a resync; 0 after the incident was shed, see also keep_owner.
return function(key)
  local value = redis.call('GET', key)
  return value and string.match(value, '^%S+')
end
