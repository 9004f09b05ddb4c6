-- Decides in one step whether a fault becomes a queued incident: the row, the job, the indexes and the counters change
-- together or not at all. Preceded by BullMQ's own `bull_add` and `bull_remove` and by incident-rows.lua.
--
-- KEYS[1..9], ARGV[1..3]: BullMQ's own, for addPrioritizedJob, as BullMQ packed them
-- ARGV[4] request (JSON, see AdmissionRequest in admission.ts)   ARGV[5] ClusterEvent (JSON)
-- Returns {kind, incident id, …}: queued + evicted ids, resent, deduplicated + recurrences, rejected or
-- dropped_incoming + bound.

local PRIORITIZED, DELAYED, ACTIVE, WAIT = KEYS[4], KEYS[5], KEYS[7], bull .. 'wait'
-- A place among the waiting: severity first, then the time of receipt in ms, which stays below 2^41 until 2039.
local SEVERITY_BAND = 2199023255552
local request = cjson.decode(ARGV[4])
local id, cluster, now = request.incident_id, request.cluster, request.now
local cluster_waiting, all_waiting = ours .. 'waiting:' .. cluster, ours .. 'waiting'
local fault_key = ours .. 'fault:' .. cluster .. ':' .. request.fingerprint

-- The row of the newcomer, in whatever state it starts.
local function write_row(state, more)
  redis.call('HSET', row_of(id), 'incident_id', id, 'state', state, 'fingerprint', request.fingerprint,
    'cluster_name', cluster, 'cluster_event', ARGV[5], 'recurrences', 0, 'last_seen', request.received_at,
    'created_at', request.now_text, 'attempts', 0, 'place', request.place, unpack(more))
  enter_state(id, state, now, now)
end

-- Whether an incident stands for new occurrences of its fault: it is open (and its job has not vanished), or the window
-- that began with its admission has not passed.
local function stands(incident)
  local row = redis.call('HMGET', row_of(incident), 'state', 'dedup_until')
  if not row[1] then return false end
  if now < tonumber(row[2]) then return true end
  return OPEN[row[1]] and redis.call('EXISTS', bull .. incident) == 1
    and redis.call('HEXISTS', bull .. incident, 'finishedOn') == 0
end

-- Remembers that the fault has an incident, so that a resync does not take it for missed. As long as incidents are kept.
local function remember_seen()
  local seen = ours .. 'seen-faults:' .. cluster
  redis.call('ZADD', seen, now, request.fingerprint)
  redis.call('ZREMRANGEBYRANK', seen, 0, -KEPT - 1)
  redis.call('ZREMRANGEBYSCORE', seen, '-inf', now - KEPT_MS)
end

-- The incident that gives way first, with its place: the oldest of the mildest. One that is being handed to or from a
-- worker is passed over, one that is gone is forgotten.
local function next_victim(index)
  local at = 0
  while true do
    local entry = redis.call('ZRANGE', index, at, at, 'WITHSCORES')
    local candidate = entry[1]
    if not candidate then return nil end
    if redis.call('ZSCORE', PRIORITIZED, candidate) or redis.call('ZSCORE', DELAYED, candidate) then
      return candidate, tonumber(entry[2])
    end
    local row = redis.call('HMGET', row_of(candidate), 'state', 'cluster_name')
    if row[1] == 'queued' and redis.call('EXISTS', bull .. candidate) == 1 then
      at = at + 1
    else
      redis.call('ZREM', index, candidate)
      forget_waiting(candidate, row[2] or cluster)
    end
  end
end

-- Evicts one incident in favour of the newcomer and returns its id; nothing where the policy or the severities forbid it.
local function make_room(index, bound)
  if request.policy ~= 'drop' then return nil end
  local victim, place = next_victim(index)
  if not victim or math.floor(place / SEVERITY_BAND) > request.severity then return nil end
  if bull_remove({ bull .. victim, bull .. 'repeat' }, { victim, '0', bull }) ~= 1 then return nil end
  local row = redis.call('HMGET', row_of(victim), 'cluster_name', 'fingerprint')
  forget_waiting(victim, row[1])
  local fault = ours .. 'fault:' .. row[1] .. ':' .. row[2]
  if redis.call('GET', fault) == victim then redis.call('DEL', fault) end
  redis.call('ZREM', ours .. 'seen-faults:' .. row[1], row[2])
  redis.call('HSET', row_of(victim), 'finished_at', request.now_text,
    'reason', 'gave way to incident ' .. id .. ': the queue was full (' .. request.bounds[bound] .. ')')
  change_state(victim, 'queued', 'dropped', now)
  count('dropped', row[1])
  return victim
end

local function refuse(bound)
  local outcome = request.policy == 'reject' and 'rejected' or 'dropped_incoming'
  local why = outcome == 'rejected' and 'the queue is full' or 'the queue is full of incidents that are more severe'
  write_row(outcome == 'rejected' and 'rejected' or 'dropped', { 'bound', bound, 'finished_at', request.now_text,
    'dedup_until', 0, 'reason', why .. ' (' .. request.bounds[bound] .. ')' })
  count(outcome, cluster)
  return { outcome, id, bound }
end

-- Jobs that a worker holds before it has begun the incident are still indexed, and do not wait any more.
local function waiting_in_cluster()
  local waiting = redis.call('ZCARD', cluster_waiting)
  if waiting < request.cluster_queue_size then return waiting end
  for _, active in ipairs(redis.call('LRANGE', ACTIVE, 0, -1)) do
    if redis.call('ZSCORE', cluster_waiting, active) then waiting = waiting - 1 end
  end
  return waiting
end

-- 1. Resent: the reply to this very call was lost, and it gets the same answer.
local known = redis.call('HMGET', row_of(id), 'state', 'bound')
if known[1] then
  count('resent', cluster)
  if known[2] then return { known[1] == 'rejected' and 'rejected' or 'dropped_incoming', id, known[2] } end
  return { 'resent', id }
end

-- 2. Duplicate: an incident already stands for this fault.
local same = redis.call('GET', fault_key)
if same and stands(same) then
  local calls = ours .. 'deduplicated-calls'
  if redis.call('ZADD', calls, 'NX', now, id) == 0 then
    count('resent', cluster)
    return { 'deduplicated', same, tonumber(redis.call('HGET', row_of(same), 'recurrences')) }
  end
  redis.call('ZREMRANGEBYRANK', calls, 0, -10001)
  remember_seen()
  redis.call('HSET', row_of(same), 'last_seen', request.received_at)
  count('deduplicated', cluster)
  return { 'deduplicated', same, redis.call('HINCRBY', row_of(same), 'recurrences', 1) }
end

-- 3. The cluster's bound, then 4. the bound of all.
local queued = { 'queued', id }
if request.cluster_queue_size > 0 then
  while waiting_in_cluster() >= request.cluster_queue_size do
    local victim = make_room(cluster_waiting, 'cluster')
    if not victim then return refuse('cluster') end
    queued[#queued + 1] = victim
  end
end
local waiting = redis.call('ZCARD', PRIORITIZED) + redis.call('LLEN', WAIT) + redis.call('ZCARD', DELAYED)
while waiting >= request.global_queue_size do
  local victim = make_room(all_waiting, 'global')
  if not victim then return refuse('global') end
  queued[#queued + 1] = victim
  waiting = waiting - 1
end

-- 5. The job. Its priority is among the options that BullMQ packed: the order of the queue is decided where they are.
bull_add(KEYS, { ARGV[1], ARGV[2], ARGV[3] })

-- 6. The row, the indexes, the fault's claim and the counters. The claim expires only once the incident is finished.
write_row('queued', { 'dedup_until', request.dedup_until })
remember_waiting(id, cluster, request.place)
redis.call('SET', fault_key, id)
remember_seen()
count('queued', cluster)
return queued
