-- trim_state(state, now, most) deletes ended incidents of a state that are beyond the retention, at most so many, and returns
-- how many it deleted. More are deleted than enter a state, so no call has to clear a backlog. Shed incidents have a bound of
-- their own, so that a flood of them does not displace the reports.
-- @include redis/keys
-- @include incidents/state/kept-ms
-- @include incidents/state/shed-states
-- @include incidents/fault-owner
local KEPT, KEPT_SHED = 10000, 1000

return function(state, now, most)
  local index = keys.incidents_in(state)
  local surplus = redis.call('ZCARD', index) - (shed_states[state] and KEPT_SHED or KEPT)
  local expired
  if surplus > 0 then
    expired = redis.call('ZRANGE', index, 0, math.min(surplus, most) - 1)
  else
    expired = redis.call('ZRANGEBYSCORE', index, '-inf', now - kept_ms, 'LIMIT', 0, most)
  end
  for _, id in ipairs(expired) do
    local row = redis.call('HMGET', keys.incident(id), 'cluster_name', 'fingerprint')
    if row[1] and row[2] then
      local fault = keys.fault(row[1], row[2])
      if fault_owner(fault) == id then redis.call('DEL', fault) end
    end
    redis.call('ZREM', index, id)
    redis.call('ZREM', keys.incidents, id)
    redis.call('DEL', keys.incident(id), keys.report(id))
  end
  return #expired
end
