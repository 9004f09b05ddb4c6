-- Decides whether faults become queued incidents, each in its turn: its row, its job, the indexes and the counters change
-- together or not at all. Preceded by BullMQ's own `bull_add` and `bull_remove`, `JOB_ARGS` and
-- `JOB_OPTIONS`, incident-rows.lua and fair-order.lua.
--
-- KEYS[1..9]: BullMQ's own, for addPrioritizedJob
-- ARGV[1] what all the faults have in common (JSON, see BatchHeader in admission-batch.ts)
-- ARGV[2…] for each fault as many as FIELDS below, see faultFields in admission-batch.ts
-- Returns for each fault {kind, incident id, …}: queued + evicted ids, resent, deduplicated + recurrences, grouped +
-- members, rejected or dropped_incoming + bound; to an operator also standing; failed + what Redis said.

local FIELDS = 13
local PRIORITIZED, DELAYED, ACTIVE, WAIT = KEYS[4], KEYS[5], KEYS[7], bull .. 'wait'
local batch = cjson.decode(ARGV[1])
local all_waiting = ours .. 'waiting'
-- As text: Redis is slow at writing numbers.
local now, dedup_until = batch.now_ms, batch.dedup_until

-- The fault whose turn it is.
local id, cluster, fingerprint, group, severity, place, received_at, job_data, event, around_event, as_member
local row_key, fault_key, group_key, cluster_waiting, member_field
-- The incident that an operator puts in again, or splits this fault off from.
local requeue_of, split_from, source

local function take_turn(at)
  id, cluster, fingerprint, group, severity, place, received_at, job_data, event, around_event, as_member,
    requeue_of, split_from = unpack(ARGV, at, at + FIELDS - 1)
  severity = tonumber(severity)
  source = requeue_of ~= '' and requeue_of or split_from ~= '' and split_from or nil
  row_key = row_of(id)
  fault_key = fault_key_of(cluster, fingerprint)
  group_key = group ~= '' and group_key_of(cluster, group)
  cluster_waiting = ours .. 'waiting:' .. cluster
  member_field = 'member:' .. fingerprint
end

-- The counts of all the faults are written at once, when each has had its turn.
local counts = {}
count = function(name, of, by)
  by = by or 1
  counts[name] = (counts[name] or 0) + by
  name = name .. ':' .. of
  counts[name] = (counts[name] or 0) + by
end

local function write_counts()
  local names, written = {}, {}
  for name in pairs(counts) do names[#names + 1] = name end
  if #names == 0 then return end
  for at, known in ipairs(redis.call('HMGET', ours .. 'intake', unpack(names))) do
    written[2 * at - 1], written[2 * at] = names[at], (tonumber(known) or 0) + counts[names[at]]
  end
  redis.call('HSET', ours .. 'intake', unpack(written))
end

-- What of the newcomers is in no index yet: all of a kind are written at once, before anything looks there.
local created, waiting_ids, waiting_of = {}, {}, {}

local function append(list, score, member)
  list[#list + 1], list[#list + 2] = score, member
end

local function write_indexes()
  if #created == 0 then return end
  redis.call('ZADD', ours .. 'incidents', unpack(created))
  redis.call('ZADD', index_of('queued'), unpack(created))
  redis.call('ZADD', all_waiting, unpack(waiting_ids))
  for key, ids in pairs(waiting_of) do redis.call('ZADD', key, unpack(ids)) end
  created, waiting_ids, waiting_of = {}, {}, {}
end

local function enter_queue()
  append(created, now, id)
  append(waiting_ids, place, id)
  waiting_of[cluster_waiting] = waiting_of[cluster_waiting] or {}
  append(waiting_of[cluster_waiting], place, id)
end

-- The row of the newcomer, in whatever state it starts.
local function write_row(state, ...)
  redis.call('HSET', row_key, 'incident_id', id, 'state', state, 'fingerprint', fingerprint, 'cluster_name', cluster,
    'cluster_event', '{"event":' .. event .. ',' .. string.sub(around_event, 2), 'recurrences', '0',
    'first_seen', received_at, 'last_seen', received_at, 'created_at', batch.now_text, 'attempts', '0',
    'other_members', '0', 'place', place, ...)
end

-- How often its faults have come again, where an incident stands for them: it is open (and its job has not vanished), or
-- the window that began with its admission has not passed. One that was shed stands for nothing.
local function recurrences_of(incident)
  local row = redis.call('HMGET', row_of(incident), 'state', 'dedup_until', 'recurrences')
  if not row[1] or SHED[row[1]] then return nil end
  if batch.now < tonumber(row[2]) or (OPEN[row[1]] and has_job(incident)) then return tonumber(row[3]) end
  return nil
end

local function is_open(incident)
  return OPEN[redis.call('HGET', row_of(incident), 'state')] and has_job(incident)
end

-- Calls that made no row of their own, and what they were answered: of those, the latest are remembered, because a call
-- that is sent again must not count again.
local COUNTED_CALLS, ANSWERS, MOST_ANSWERS = ours .. 'counted-calls', ours .. 'counted-answers', 10000
local answered, calls, answers = {}, {}, {}
local function read_answers()
  local ids = {}
  for at = 2, #ARGV, FIELDS do ids[#ids + 1] = ARGV[at] end
  for at, answer in ipairs(redis.call('HMGET', ANSWERS, unpack(ids))) do answered[ids[at]] = answer end
end

local function remember_answer(kind, incident, number)
  count_received(kind, cluster)
  answered[id] = cjson.encode({ kind, incident, number })
  calls[#calls + 1], calls[#calls + 2] = now, id
  answers[#answers + 1], answers[#answers + 2] = id, answered[id]
  return { kind, incident, number }
end

local function write_answers()
  if #calls == 0 then return end
  redis.call('ZADD', COUNTED_CALLS, unpack(calls))
  redis.call('HSET', ANSWERS, unpack(answers))
  local surplus = redis.call('ZCARD', COUNTED_CALLS) - MOST_ANSWERS
  if surplus <= 0 then return end
  local gone = redis.call('ZRANGE', COUNTED_CALLS, 0, surplus - 1)
  redis.call('HDEL', ANSWERS, unpack(gone))
  redis.call('ZREM', COUNTED_CALLS, unpack(gone))
end

-- Has an incident stand for the fault, and remembers when it was seen. The claim of an incident's own fault goes with its
-- row; that of a member after as long a time.
local function claim(incident, ...) redis.call('SET', fault_key, incident .. ' ' .. now, ...) end

local function bound_text(bound)
  if bound == 'global' then return 'global_queue_size: ' .. batch.global_queue_size end
  return 'cluster_queue_size: ' .. batch.cluster_queue_size .. ', cluster ' .. cluster
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

-- What waits, and what a worker has in hand and has not begun: that may be given back and must find its place.
local function all_that_wait()
  local waiting = redis.call('ZCARD', PRIORITIZED) + redis.call('LLEN', WAIT) + redis.call('ZCARD', DELAYED)
  local newcomers = (#ARGV - 1) / FIELDS
  if waiting + redis.call('LLEN', ACTIVE) + newcomers <= batch.global_queue_size then return waiting end
  for _, active in ipairs(redis.call('LRANGE', ACTIVE, 0, -1)) do
    if redis.call('ZSCORE', all_waiting, active) then waiting = waiting + 1 end
  end
  return waiting
end
local waiting = all_that_wait()

-- Evicts one incident in favour of the newcomer and returns its id; nothing where the policy or the severities forbid it.
local function make_room(index, bound)
  if batch.policy ~= 'drop' then return nil end
  write_indexes()
  local victim, its_place = next_victim(index)
  if not victim or math.floor(its_place / SEVERITY_BAND) > severity then return nil end
  if bull_remove({ bull .. victim, bull .. 'repeat' }, { victim, '0', bull }) ~= 1 then return nil end
  local row = redis.call('HMGET', row_of(victim), 'cluster_name', 'fingerprint')
  forget_sighting(fault_key_of(row[1], row[2]), victim)
  redis.call('HSET', row_of(victim), 'finished_at', batch.now_text,
    'reason', 'gave way to incident ' .. id .. ': the queue was full (' .. bound_text(bound) .. ')')
  change_state(victim, 'dropped', nil, batch.now)
  waiting = waiting - 1
  return victim
end

-- An operator is told, and may try again; what a cluster sent is counted, and leaves a row.
local function refuse(bound)
  local outcome = batch.policy == 'reject' and 'rejected' or 'dropped_incoming'
  if source then return { outcome, id, bound } end
  local why = outcome == 'rejected' and 'the queue is full' or 'the queue is full of incidents that are more severe'
  local state = outcome == 'rejected' and 'rejected' or 'dropped'
  write_row(state, 'bound', bound, 'finished_at', batch.now_text, 'dedup_until', '0',
    'reason', why .. ' (' .. bound_text(bound) .. ')')
  enter_state(id, state, now, batch.now)
  count_received(outcome, cluster)
  return { outcome, id, bound }
end

-- The fault as an incident of its group lists it.
local function member()
  if as_member ~= '' then return as_member end
  return string.sub(event, 1, -2) .. ',"received_at":' .. cjson.encode(received_at) .. '}'
end

-- Takes over what the source knows: the members with an incident that is put in again, the fault that is split off.
local function leave_source()
  if requeue_of ~= '' then
    local old = redis.call('HGETALL', row_of(source))
    for at = 1, #old, 2 do
      local field = old[at]
      if field == 'other_members' or string.sub(field, 1, 7) == 'member:' then
        redis.call('HSET', row_key, field, old[at + 1])
      end
    end
    redis.call('HSET', row_of(source), 'requeued_as', id)
  elseif source then
    redis.call('HDEL', row_of(source), member_field)
    redis.call('HINCRBY', row_of(source), 'other_members', -1)
  end
end

local job_args, job_options = cmsgpack.unpack(JOB_ARGS), cmsgpack.unpack(JOB_OPTIONS)
local function add_job(tag)
  job_args[2], job_args[4] = id, now
  job_options.jobId, job_options.priority = id, batch.priorities[severity + 1] + tag
  bull_add(KEYS, { cmsgpack.pack(job_args), job_data, cmsgpack.pack(job_options) })
  waiting = waiting + 1
end

local function decide()
  -- 1. Resent: the reply to this very call was lost, and it gets the same answer.
  local known = redis.call('HMGET', row_key, 'state', 'bound')
  if known[1] then
    count('resent', cluster)
    if known[2] then return { known[1] == 'rejected' and 'rejected' or 'dropped_incoming', id, known[2] } end
    return { 'resent', id }
  end
  if answered[id] then
    count('resent', cluster)
    return cjson.decode(answered[id])
  end

  -- 2. Duplicate: an incident already stands for this fault. An operator may ask for another one if none is open.
  local same = claimant(fault_key)
  if source then
    if requeue_of ~= '' and is_open(source) then return { 'standing', source } end
    if split_from ~= '' and redis.call('HEXISTS', row_of(source), member_field) == 0 then
      return { 'standing', same or source }
    end
    if same and same ~= source and is_open(same) then return { 'standing', same } end
  elseif same then
    local recurrences = recurrences_of(same)
    if recurrences then
      claim(same, 'KEEPTTL')
      redis.call('HSET', row_of(same), 'last_seen', received_at, 'recurrences', recurrences + 1)
      return remember_answer('deduplicated', same, recurrences + 1)
    end
  end

  -- 3. Group: an open incident of the same workload and type of fault lists it, unless this fault is more severe.
  local holder = group_key and redis.call('GET', group_key)
  local held = holder and is_open(holder)
    and math.floor(redis.call('HGET', row_of(holder), 'place') / SEVERITY_BAND) >= severity
  if held and not source then
    claim(holder, 'PX', KEPT_MS)
    local others = redis.call('HINCRBY', row_of(holder), 'other_members', 1)
    if others < batch.most_members then redis.call('HSET', row_of(holder), member_field, member()) end
    return remember_answer('grouped', holder, others + 1)
  end

  -- 4. The cluster's bound, then 5. the bound of all.
  local queued = { 'queued', id }
  if batch.cluster_queue_size > 0 then
    write_indexes()
    while redis.call('ZCARD', cluster_waiting) >= batch.cluster_queue_size do
      local victim = make_room(cluster_waiting, 'cluster')
      if not victim then return refuse('cluster') end
      queued[#queued + 1] = victim
    end
  end
  while waiting >= batch.global_queue_size do
    local victim = make_room(all_waiting, 'global')
    if not victim then return refuse('global') end
    queued[#queued + 1] = victim
  end

  -- 6. The job.
  if waiting == 0 then forget_tags() end
  local tag = take_tag(severity, cluster)
  add_job(tag)

  -- 7. The row, the indexes, the claims and the counters. What the fault's claim points to is the former incident when it
  -- does not stand any more.
  local links = {}
  local former = source or same
  if former and redis.call('EXISTS', row_of(former)) == 1 then links = { 'previous_incident_id', former } end
  if group_key and not held then
    redis.call('SET', group_key, id)
    links[#links + 1], links[#links + 2] = 'group', group
  end
  write_row('queued', 'dedup_until', dedup_until, 'phase', 'waiting', 'tag', tag, unpack(links))
  leave_source()
  enter_queue()
  claim(id)
  count_received('queued', cluster)
  count('waiting', cluster)
  if source then count('requeued', cluster) end
  return queued
end

local replies = {}
read_answers()
for at = 2, #ARGV, FIELDS do
  take_turn(at)
  local decided, reply = pcall(decide)
  replies[#replies + 1] = decided and reply or { 'failed', type(reply) == 'table' and reply.err or tostring(reply) }
end
write_indexes()
write_answers()
write_tags()
write_counts()
return replies
