-- Decides in one step whether a fault becomes a queued incident: the row, the job, the indexes and the counters change
-- together or not at all. Preceded by BullMQ's own `bull_add` and `bull_remove`, incident-rows.lua and fair-order.lua.
--
-- KEYS[1..9], ARGV[1..3]: BullMQ's own, for addPrioritizedJob, as BullMQ packed them
-- ARGV[4] request (JSON, see AdmissionRequest in admission.ts)   ARGV[5] ClusterEvent (JSON)
-- ARGV[6] the fault as a member of a group (JSON, see IncidentMember)
-- Returns {kind, incident id, …}: queued + evicted ids, resent, deduplicated + recurrences, grouped + members,
-- rejected or dropped_incoming + bound; to an operator also standing.

local PRIORITIZED, DELAYED, ACTIVE, WAIT = KEYS[4], KEYS[5], KEYS[7], bull .. 'wait'
local request = cjson.decode(ARGV[4])
local id, cluster, now, severity = request.incident_id, request.cluster, request.now, request.severity
local cluster_waiting, all_waiting = ours .. 'waiting:' .. cluster, ours .. 'waiting'
local fault_key = fault_key_of(cluster, request.fingerprint)
local group_key = request.group and group_key_of(cluster, request.group)
-- The incident that an operator puts in again, or splits this fault off from.
local source = request.requeue_of or request.split_from
local member_field = 'member:' .. request.fingerprint

-- The row of the newcomer, in whatever state it starts.
local function write_row(state, more)
  redis.call('HSET', row_of(id), 'incident_id', id, 'state', state, 'fingerprint', request.fingerprint,
    'cluster_name', cluster, 'cluster_event', ARGV[5], 'recurrences', 0, 'first_seen', request.received_at,
    'last_seen', request.received_at, 'created_at', request.now_text, 'attempts', 0, 'other_members', 0,
    'place', request.place, unpack(more))
  enter_state(id, state, now, now)
end

-- Whether an incident stands for new occurrences of its faults: it is open (and its job has not vanished), or the window
-- that began with its admission has not passed. One that was shed stands for nothing.
local function stands(incident)
  local row = redis.call('HMGET', row_of(incident), 'state', 'dedup_until')
  if not row[1] or SHED[row[1]] then return false end
  if now < tonumber(row[2]) then return true end
  return OPEN[row[1]] and has_job(incident)
end

local function is_open(incident)
  return OPEN[redis.call('HGET', row_of(incident), 'state')] and has_job(incident)
end

-- Calls that made no row of their own, and what they were answered: of those, the latest are remembered, because a call
-- that is sent again must not count again.
local COUNTED_CALLS, ANSWERS = ours .. 'counted-calls', ours .. 'counted-answers'
local function remember_answer(kind, incident, number)
  count_received(kind, cluster)
  redis.call('ZADD', COUNTED_CALLS, now, id)
  redis.call('HSET', ANSWERS, id, cjson.encode({ kind, incident, number }))
  while redis.call('ZCARD', COUNTED_CALLS) > 10000 do
    redis.call('HDEL', ANSWERS, redis.call('ZPOPMIN', COUNTED_CALLS)[1])
  end
  return { kind, incident, number }
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
  if not victim or math.floor(place / SEVERITY_BAND) > severity then return nil end
  if bull_remove({ bull .. victim, bull .. 'repeat' }, { victim, '0', bull }) ~= 1 then return nil end
  local row = redis.call('HMGET', row_of(victim), 'cluster_name', 'fingerprint')
  redis.call('ZREM', ours .. 'seen-faults:' .. row[1], row[2])
  redis.call('HSET', row_of(victim), 'finished_at', request.now_text,
    'reason', 'gave way to incident ' .. id .. ': the queue was full (' .. request.bounds[bound] .. ')')
  change_state(victim, 'dropped', nil, now)
  return victim
end

-- An operator is told, and may try again; what a cluster sent is counted, and leaves a row.
local function refuse(bound)
  local outcome = request.policy == 'reject' and 'rejected' or 'dropped_incoming'
  if source then return { outcome, id, bound } end
  local why = outcome == 'rejected' and 'the queue is full' or 'the queue is full of incidents that are more severe'
  write_row(outcome == 'rejected' and 'rejected' or 'dropped', { 'bound', bound, 'finished_at', request.now_text,
    'dedup_until', 0, 'reason', why .. ' (' .. request.bounds[bound] .. ')' })
  count_received(outcome, cluster)
  return { outcome, id, bound }
end

-- What waits, and what a worker has in hand and has not begun: that may be given back and must find its place.
local function all_that_wait()
  local waiting = redis.call('ZCARD', PRIORITIZED) + redis.call('LLEN', WAIT) + redis.call('ZCARD', DELAYED)
  if waiting + redis.call('LLEN', ACTIVE) < request.global_queue_size then return waiting end
  for _, active in ipairs(redis.call('LRANGE', ACTIVE, 0, -1)) do
    if redis.call('ZSCORE', all_waiting, active) then waiting = waiting + 1 end
  end
  return waiting
end

-- Takes over what the source knows: the members with an incident that is put in again, the fault that is split off.
local function leave_source()
  if request.requeue_of then
    local old = redis.call('HGETALL', row_of(source))
    for at = 1, #old, 2 do
      local field = old[at]
      if field == 'other_members' or string.sub(field, 1, 7) == 'member:' then
        redis.call('HSET', row_of(id), field, old[at + 1])
      end
    end
    redis.call('HSET', row_of(source), 'requeued_as', id)
  elseif request.split_from then
    redis.call('HDEL', row_of(source), member_field)
    redis.call('HINCRBY', row_of(source), 'other_members', -1)
  end
end

-- 1. Resent: the reply to this very call was lost, and it gets the same answer.
local known = redis.call('HMGET', row_of(id), 'state', 'bound')
if known[1] then
  count('resent', cluster)
  if known[2] then return { known[1] == 'rejected' and 'rejected' or 'dropped_incoming', id, known[2] } end
  return { 'resent', id }
end

local answered = redis.call('HGET', ANSWERS, id)
if answered then
  count('resent', cluster)
  return cjson.decode(answered)
end

-- 2. Duplicate: an incident already stands for this fault. An operator may ask for another one if none is open.
local same = redis.call('GET', fault_key)
if source then
  if request.requeue_of and is_open(source) then return { 'standing', source } end
  if request.split_from and redis.call('HEXISTS', row_of(source), member_field) == 0 then
    return { 'standing', same or source }
  end
  if same and same ~= source and is_open(same) then return { 'standing', same } end
elseif same and stands(same) then
  remember_seen()
  redis.call('HSET', row_of(same), 'last_seen', request.received_at)
  local recurrences = redis.call('HINCRBY', row_of(same), 'recurrences', 1)
  if not OPEN[redis.call('HGET', row_of(same), 'state')] then
    note_due(same .. ':recurred', { event = 'incident_recurred', incident_id = same, recurrences = recurrences })
  end
  return remember_answer('deduplicated', same, recurrences)
end

-- 3. Group: an open incident of the same workload and type of fault lists it, unless this fault is more severe.
local holder = group_key and redis.call('GET', group_key)
local held = holder and is_open(holder)
  and math.floor(redis.call('HGET', row_of(holder), 'place') / SEVERITY_BAND) >= severity
if held and not source then
  remember_seen()
  redis.call('SET', fault_key, holder, 'PX', KEPT_MS)
  local others = redis.call('HINCRBY', row_of(holder), 'other_members', 1)
  if others < request.most_members then redis.call('HSET', row_of(holder), member_field, ARGV[6]) end
  return remember_answer('grouped', holder, others + 1)
end

-- 4. The cluster's bound, then 5. the bound of all.
local queued = { 'queued', id }
if request.cluster_queue_size > 0 then
  while redis.call('ZCARD', cluster_waiting) >= request.cluster_queue_size do
    local victim = make_room(cluster_waiting, 'cluster')
    if not victim then return refuse('cluster') end
    queued[#queued + 1] = victim
  end
end
local waiting = all_that_wait()
while waiting >= request.global_queue_size do
  local victim = make_room(all_waiting, 'global')
  if not victim then return refuse('global') end
  queued[#queued + 1] = victim
  waiting = waiting - 1
end

-- 6. The job. BullMQ packed the first priority of its severity; the fair tag is what follows.
if waiting == 0 then forget_tags() end
local tag = take_tag(severity, cluster)
local options = cmsgpack.unpack(ARGV[3])
options.priority = options.priority + tag
bull_add(KEYS, { ARGV[1], ARGV[2], cmsgpack.pack(options) })

-- 7. The row, the indexes, the claims and the counters. What the fault's claim points to is the former incident when it
-- does not stand any more.
write_row('queued', { 'dedup_until', request.dedup_until, 'phase', 'waiting', 'tag', tag })
local former = source or same
if former and redis.call('EXISTS', row_of(former)) == 1 then
  redis.call('HSET', row_of(id), 'previous_incident_id', former)
end
leave_source()
remember_waiting(id, cluster, request.place)
redis.call('SET', fault_key, id, 'PX', KEPT_MS)
if group_key and not held then
  redis.call('SET', group_key, id)
  redis.call('HSET', row_of(id), 'group', request.group)
end
remember_seen()
count_received('queued', cluster)
count('waiting', cluster)
if source then count('requeued', cluster) end
return queued
