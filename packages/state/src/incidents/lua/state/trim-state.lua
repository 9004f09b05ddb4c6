-- trim_state(state, now, most) deletes ended incidents of a state that are beyond the retention, at most so many, and returns
-- how many it deleted. More are deleted than enter a state, so no call has to clear a backlog. Shed incidents have a bound of
-- their own, so that a flood of them does not displace the reports.
-- @include redis/keys
-- @include incidents/state/kept-ms
-- @include incidents/state/shed-states
-- @include incidents/fault-owner
-- @include incidents/keep-owner
local KEPT, KEPT_SHED = 10000, 1000

-- A fault of a shed incident still counts once within the dedup window.
local function release_fault(key, id, row, shed, now)
  if fault_owner(key) ~= id then return end
  if not (shed and keep_owner(key, id, row[4], now, row[3])) then redis.call('DEL', key) end
end

-- Also takes the incident out of the index of its cluster.
local function release_faults(id, state, now)
  local row_key, shed = keys.incident(id), shed_states[state]
  local row = redis.call('HMGET', row_key, 'cluster_name', 'fingerprint', 'dedup_until', 'place', 'other_members')
  local cluster, fingerprint = row[1], row[2]
  if cluster then redis.call('ZREM', keys.incidents_of(cluster), id) end
  if not cluster or not fingerprint then return end
  release_fault(keys.fault(cluster, fingerprint), id, row, shed, now)
  if not shed or not row[5] then return end
  local fields = redis.call('HGETALL', row_key)
  for at = 1, #fields, 2 do
    local member = string.match(fields[at], '^member:(.*)')
    if member then release_fault(keys.fault(cluster, member), id, row, shed, now) end
  end
end

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
    -- First: a full Redis allows a script to need memory after it has deleted something.
    redis.call('ZREM', index, id)
    release_faults(id, state, now)
    redis.call('ZREM', keys.incidents, id)
    redis.call('DEL', keys.incident(id), keys.report(id))
  end
  return #expired
end
