-- leave_source(fault) links the requeued incident to the new one, or removes the split member from its incident's list. The row
-- of the source may have been deleted by an eviction of this call.
-- @include redis/keys
return function(fault)
  local source = keys.incident(fault.source_id)
  if fault.operation == 'requeue' then
    if redis.call('EXISTS', source) == 1 then redis.call('HSET', source, 'requeued_as', fault.id) end
  elseif redis.call('HDEL', source, 'member:' .. fault.fingerprint) == 1 then
    redis.call('HINCRBY', source, 'other_members', -1)
  end
end
