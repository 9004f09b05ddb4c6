-- find_open(fault, owner, source) returns the id of the incident that makes an operator's request needless, nil if there is none:
-- one that is open for the fault, or, of a split, the one that the member has moved to.
-- @include redis/keys
-- @include incidents/is-open
return function(fault, owner, source)
  if fault.operation == 'requeue' and is_open(source.id) then return source.id end
  if fault.operation == 'split' and source.exists then
    local listed = redis.call('HEXISTS', keys.incident(source.id), 'member:' .. fault.fingerprint) == 1
    if not listed then return owner or source.id end
  end
  if owner and owner ~= source.id and is_open(owner) then return owner end
  return nil
end
