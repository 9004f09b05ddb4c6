-- find_storm(fault, batch) notes that a problem begins, and returns the storm that it is part of, {leader, incident, trait}, nil for none:
-- more than storm_threshold problems of its cluster that share a trait with it (see stormTraits in core) have begun within a
-- minute, and the first of them is being investigated, or was a short while ago. It is less severe than that one, or equal.
-- @include redis/keys
-- @include redis/decode
-- @include redis/number-of
-- @include incidents/is-open
local WINDOW_MS, LASTING_MS = 60000, 600000

-- Returns the incident of a problem that can stand for the fault, nil if it cannot.
local function incident_of(problem, fault, may_have_ended)
  if problem == fault.problem then return nil end
  local row = redis.call('HMGET', keys.problem(fault.cluster, problem), 'state', 'incident', 'investigated_severity', 'member_of', 'announced')
  local incident = row[2]
  if row[1] ~= 'firing' or not incident or row[4] or row[5] ~= '1' or number_of(row[3], -1) < fault.severity then return nil end
  if is_open(incident) or (may_have_ended and redis.call('HGET', keys.incident(incident), 'state') == 'resolved') then return incident end
  return nil
end

local function storm_of(trait, fault, batch)
  local starts, first = keys.storm_starts(fault.cluster, trait), keys.storm_leader(fault.cluster, trait)
  local now = batch.header.now
  redis.call('ZREMRANGEBYSCORE', starts, '-inf', now - WINDOW_MS)
  redis.call('ZADD', starts, 'NX', batch.header.now_ms, fault.problem)
  redis.call('PEXPIRE', starts, WINDOW_MS)
  local known = redis.call('GET', first)
  local incident = known and incident_of(known, fault, true)
  if incident then
    redis.call('PEXPIRE', first, LASTING_MS)
    return { leader = known, incident = incident, trait = trait }
  end
  if redis.call('ZCARD', starts) <= batch.header.storm_threshold then return nil end
  for _, problem in ipairs(redis.call('ZRANGE', starts, 0, -1)) do
    incident = incident_of(problem, fault, false)
    if incident then
      redis.call('SET', first, problem, 'PX', LASTING_MS)
      return { leader = problem, incident = incident, trait = trait }
    end
  end
  return nil
end

return function(fault, batch)
  if batch.header.storm_threshold == 0 then return nil end
  local storm
  for _, trait in ipairs(decode(fault.traits) or {}) do
    -- All of its traits are noted, and the closest counts.
    local found = storm_of(trait, fault, batch)
    storm = storm or found
  end
  return storm
end
