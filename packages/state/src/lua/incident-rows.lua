-- Functions over incident rows, their indexes and the books, put in front of every script that changes one.
-- Expects `ours`, the prefix of our keys, and `bull`, the prefix of the queue's keys, as locals.

-- What is kept of incidents in a final state; older ones go when a newer one enters the state, or in a sweep. Incidents
-- that were shed have a bound of their own, so that a flood of them does not wash away the reports.
local KEPT, KEPT_SHED, KEPT_MS = 10000, 1000, 30 * 24 * 3600 * 1000
local SHED = { dropped = true, rejected = true, expired = true }
local OPEN = { queued = true, investigating = true }
-- A place among those that give way: severity first, then the time of receipt in ms, which stays below 2^41 until 2039.
local SEVERITY_BAND = 2199023255552

local function row_of(id) return ours .. 'incident:' .. id end
local function index_of(state) return ours .. 'incidents:' .. state end
local function fault_key_of(cluster, fingerprint) return ours .. 'fault:' .. cluster .. ':' .. fingerprint end
local function group_key_of(cluster, group) return ours .. 'group:' .. cluster .. ':' .. group end

-- Writes to a hash of which many fields are asked for at once. Redis keeps one of up to 512 fields as a list, and goes through
-- that for each field, unless one value is longer than 64 bytes; nobody reads this one.
local LONG_VALUE = string.rep('-', 65)
local function write_fields(hash, names_and_values)
  redis.call('HSET', hash, '', LONG_VALUE, unpack(names_and_values))
end

-- The books are one hash: whoever reads it reads one instant.
local function count(name, cluster, by)
  redis.call('HINCRBY', ours .. 'intake', name, by or 1)
  redis.call('HINCRBY', ours .. 'intake', name .. ':' .. cluster, by or 1)
end

-- A fault is received when it is known what became of it: in one step, so that no crash comes between the two.
local function count_received(outcome, cluster)
  count('received', cluster)
  count(outcome, cluster)
end

-- No longer evictable, and no longer counted against the cluster's bound.
local function forget_waiting(id, cluster)
  redis.call('ZREM', ours .. 'waiting', id)
  redis.call('ZREM', ours .. 'waiting:' .. cluster, id)
  redis.call('ZREM', ours .. 'parked:' .. cluster, id)
end

local function remember_waiting(id, cluster, place)
  redis.call('ZADD', ours .. 'waiting', place, id)
  redis.call('ZADD', ours .. 'waiting:' .. cluster, place, id)
end

-- What people are to be told, in the step that makes it so; see notification-outbox.ts. A later one of the same name
-- takes its place.
local function note_due(name, notification)
  redis.call('HSET', ours .. 'due-notifications', name, cjson.encode(notification))
end

-- Whether BullMQ still has something to do for an incident.
local function has_job(id)
  return redis.call('EXISTS', bull .. id) == 1 and redis.call('HEXISTS', bull .. id, 'finishedOn') == 0
end

-- Why the last attempt came to no end.
local function note_lost_worker(id)
  local attempt = redis.call('HGET', row_of(id), 'attempts')
  redis.call('HSET', row_of(id), 'last_failure', 'attempt ' .. attempt .. ': its worker died or hung')
end

local function delete_if(key, id)
  if redis.call('GET', key) == id then redis.call('DEL', key) end
end

-- The claim on a fault is the id of its latest incident and the time in ms at which the fault was seen last, for the sake
-- of a resync: 0 where that is to be forgotten, because the incident gave way.
local function claimant(key)
  local claim = redis.call('GET', key)
  return claim and string.match(claim, '^%S+')
end

local function forget_sighting(key, id)
  if claimant(key) == id then redis.call('SET', key, id .. ' 0', 'KEEPTTL') end
end

-- Removes what is beyond the retention, a few at a time: more leave than enter, so no call has to clear a backlog. Returns
-- how many are gone.
local function trim(state, now, most)
  local index = index_of(state)
  local surplus = redis.call('ZCARD', index) - (SHED[state] and KEPT_SHED or KEPT)
  local gone
  if surplus > 0 then
    gone = redis.call('ZRANGE', index, 0, math.min(surplus, most) - 1)
  else
    gone = redis.call('ZRANGEBYSCORE', index, '-inf', now - KEPT_MS, 'LIMIT', 0, most)
  end
  for _, id in ipairs(gone) do
    local row = redis.call('HMGET', row_of(id), 'cluster_name', 'fingerprint')
    if row[1] then
      local fault_key = fault_key_of(row[1], row[2])
      if claimant(fault_key) == id then redis.call('DEL', fault_key) end
    end
    redis.call('ZREM', index, id)
    redis.call('ZREM', ours .. 'incidents', id)
    redis.call('DEL', row_of(id), ours .. 'report:' .. id)
  end
  return #gone
end

-- Puts a row into the indexes of its state.
local function enter_state(id, state, created, now)
  redis.call('ZADD', ours .. 'incidents', created, id)
  redis.call('ZADD', index_of(state), created, id)
  if not OPEN[state] then trim(state, now, 10) end
end

-- The books know an open incident by its phase (waiting, delayed or active), and an ended one by how it ended.
local ENDED_AS = { dropped = 'dropped', expired = 'expired' }

-- Moves an open incident within the books.
local function change_phase(id, cluster, from, to)
  count(from, cluster, -1)
  count(to, cluster)
  redis.call('HSET', row_of(id), 'phase', to)
end

-- Moves an open incident to another state, in its indexes and in the books; `phase` says where an open one stands.
local function change_state(id, to, phase, now)
  local row = redis.call('HMGET', row_of(id), 'state', 'cluster_name', 'phase', 'place', 'group')
  local cluster = row[2]
  local created = redis.call('ZSCORE', ours .. 'incidents', id) or now
  redis.call('ZREM', index_of(row[1]), id)
  redis.call('HSET', row_of(id), 'state', to)
  if OPEN[to] then
    change_phase(id, cluster, row[3], phase)
  else
    count(row[3], cluster, -1)
    count(ENDED_AS[to] or 'finished', cluster)
    redis.call('HDEL', row_of(id), 'phase')
    if row[5] then delete_if(group_key_of(cluster, row[5]), id) end
  end
  if to == 'queued' then remember_waiting(id, cluster, row[4]) else forget_waiting(id, cluster) end
  enter_state(id, to, created, now)
end
