-- Functions over incident rows and their indexes, put in front of every script that changes one.
-- Expects `ours`, the prefix of our keys, and `bull`, the prefix of the queue's keys, as locals.

-- What is kept of incidents in a final state; older ones go when a newer one enters the state. Incidents that were shed
-- have a bound of their own, so that a flood of them does not wash away the reports.
local KEPT, KEPT_SHED, KEPT_MS = 10000, 1000, 30 * 24 * 3600 * 1000
local SHED = { dropped = true, rejected = true }
local OPEN = { queued = true, investigating = true }

local function row_of(id) return ours .. 'incident:' .. id end
local function index_of(state) return ours .. 'incidents:' .. state end

local function count(outcome, cluster)
  redis.call('HINCRBY', ours .. 'intake', outcome, 1)
  redis.call('HINCRBY', ours .. 'intake', outcome .. ':' .. cluster, 1)
end

-- No longer evictable, and no longer counted against the cluster's bound.
local function forget_waiting(id, cluster)
  redis.call('ZREM', ours .. 'waiting', id)
  redis.call('ZREM', ours .. 'waiting:' .. cluster, id)
end

local function remember_waiting(id, cluster, place)
  redis.call('ZADD', ours .. 'waiting', place, id)
  redis.call('ZADD', ours .. 'waiting:' .. cluster, place, id)
end

-- Removes what is beyond the retention, a few at a time: more leave than enter, so no call has to clear a backlog.
local function trim(state, now)
  local index = index_of(state)
  local surplus = redis.call('ZCARD', index) - (SHED[state] and KEPT_SHED or KEPT)
  local gone
  if surplus > 0 then
    gone = redis.call('ZRANGE', index, 0, math.min(surplus, 10) - 1)
  else
    gone = redis.call('ZRANGEBYSCORE', index, '-inf', now - KEPT_MS, 'LIMIT', 0, 10)
  end
  for _, id in ipairs(gone) do
    redis.call('ZREM', index, id)
    redis.call('ZREM', ours .. 'incidents', id)
    redis.call('DEL', row_of(id), ours .. 'report:' .. id)
  end
end

-- Puts a new row into its indexes.
local function enter_state(id, state, created, now)
  redis.call('ZADD', ours .. 'incidents', created, id)
  redis.call('ZADD', index_of(state), created, id)
  if not OPEN[state] then trim(state, now) end
end

-- Moves a row from one state to another; the caller has checked that it may.
local function change_state(id, from, to, now)
  local created = redis.call('ZSCORE', ours .. 'incidents', id) or now
  redis.call('ZREM', index_of(from), id)
  redis.call('HSET', row_of(id), 'state', to)
  enter_state(id, to, created, now)
end
