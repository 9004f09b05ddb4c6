-- Decides whether faults become queued incidents, each in its turn: its row, its job, the indexes and the counters change
-- together or not at all. Preceded by BullMQ's own `bull_add` and `bull_remove`, the job template
-- of bullmq-contract.ts, incident-rows.lua, problem-rows.lua, fair-order.lua and admission-batch.lua.
--
-- KEYS[1..9]: BullMQ's own, for addPrioritizedJob
-- ARGV[1] what all the faults have in common (JSON, see BatchHeader in admission-batch.ts)
-- ARGV[2…] for each fault as many as FIELDS, see faultFields in admission-batch.ts
-- Returns for each fault {kind, incident id, …}: queued + {id, cluster} of each evicted, resent, deduplicated + recurrences,
-- grouped + members, rejected + bound, dropped_incoming + bound + evicted; to an operator also standing; failed + what
-- Redis said.

local PRIORITIZED, DELAYED, ACTIVE, WAIT = KEYS[4], KEYS[5], KEYS[7], bull .. 'wait'

-- Has an incident stand for a fault, and remembers when it was seen.
local function claim(key, incident, ...)
  claimants[key] = incident
  redis.call('SET', key, incident .. ' ' .. now, ...)
end

-- The row of the newcomer, in whatever state it starts. What it does not say is as `incident-row.ts` has it.
local function write_row(state, ...)
  redis.call('HSET', row_key, 'state', state, 'fingerprint', fingerprint, 'cluster_name', cluster,
    'cluster_event', cluster_event, 'created_at', batch.now_text, 'place', place, ...)
  has_row[id] = true
end

-- How often its faults have come again, whether it has ended, and when it was seen last, where an incident stands for them:
-- it is open (and its job has not vanished), or the window that began with its admission has not passed. One that was shed
-- stands for nothing.
local function recurrences_of(incident)
  local row = redis.call('HMGET', row_of(incident), 'state', 'dedup_until', 'recurrences', 'last_seen')
  if not row[1] or SHED[row[1]] then return nil end
  if batch.now < tonumber(row[2]) or (OPEN[row[1]] and has_job(incident)) then
    return tonumber(row[3] or 0), not OPEN[row[1]], row[4]
  end
  return nil
end

local function is_open(incident)
  return OPEN[redis.call('HGET', row_of(incident), 'state')] and has_job(incident)
end

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
  if waiting + redis.call('LLEN', ACTIVE) + TURNS <= batch.global_queue_size then return waiting end
  for _, active in ipairs(redis.call('LRANGE', ACTIVE, 0, -1)) do
    if redis.call('ZSCORE', all_waiting, active) then waiting = waiting + 1 end
  end
  return waiting
end
local waiting = all_that_wait()

-- Far beyond a bound that was lowered, one call must not clear all of it: Redis serves nobody else meanwhile.
local evictions_left = 200

-- Evicts one incident in favour of the newcomer and returns its id and cluster; nothing where the policy or the severities
-- forbid it.
local function make_room(index, bound)
  if batch.policy ~= 'drop' or evictions_left == 0 then return nil end
  write_newcomers()
  local victim, its_place = next_victim(index)
  if not victim or math.floor(its_place / SEVERITY_BAND) > severity then return nil end
  if bull_remove({ bull .. victim, bull .. 'repeat' }, { victim, '0', bull }) ~= 1 then return nil end
  local row = redis.call('HMGET', row_of(victim), 'cluster_name', 'fingerprint')
  forget_sighting(fault_key_of(row[1], row[2]), victim)
  redis.call('HSET', row_of(victim), 'finished_at', batch.now_text,
    'reason', 'gave way to incident ' .. id .. ': the queue was full (' .. bound_text(bound) .. ')')
  change_state(victim, 'dropped', nil, batch.now)
  remember(victim, { 'resent', victim })
  waiting, evictions_left = waiting - 1, evictions_left - 1
  return { victim, row[1] }
end

-- An operator is told, and may try again; what a cluster sent is counted, and leaves a row.
local function refuse(bound, evicted)
  local outcome = batch.policy == 'reject' and 'rejected' or 'dropped_incoming'
  if not source then
    local why = 'the queue is full'
    if outcome == 'dropped_incoming' and evictions_left > 0 then why = why .. ' of incidents that are more severe' end
    local state = outcome == 'rejected' and 'rejected' or 'dropped'
    write_row(state, 'bound', bound, 'finished_at', batch.now_text, 'dedup_until', '0',
      'reason', why .. ' (' .. bound_text(bound) .. ')')
    enter_state(id, state, now, batch.now)
    count_answer(outcome, id, bound)
  end
  return { outcome, id, bound, unpack(evicted) }
end

-- The fault as an incident of its group lists it: itself with its time of receipt, or an abridgement.
local function member()
  local event_end = tonumber(as_member)
  if not event_end then return as_member end
  local unended = string.sub(cluster_event, #'{"event":' + 1, event_end - 1)
  return unended .. ',"received_at":' .. cjson.encode(received_at) .. '}'
end

-- The members that an incident takes along when it is put in again, as fields of its row.
local function members_of(incident)
  local row, members = redis.call('HGETALL', row_of(incident)), {}
  for at = 1, #row, 2 do
    if row[at] == 'other_members' or string.find(row[at], '^member:') then append(members, row[at], row[at + 1]) end
  end
  return members
end

-- From now on this incident stands for their faults, where no other one that is open does.
local function take_members(members)
  if #members == 0 then return end
  redis.call('HSET', row_key, unpack(members))
  for at = 1, #members, 2 do
    local its_fingerprint = string.match(members[at], '^member:(.*)')
    local key = its_fingerprint and fault_key_of(cluster, its_fingerprint)
    local owner = key and (claimants[key] or claimant(key))
    if key and not (owner and is_open(owner)) then claim(key, id, 'PX', KEPT_MS) end
  end
end

-- The row of the source may be gone by now, if only because of what gave way.
local function leave_source()
  if requeue_of then
    if redis.call('EXISTS', row_of(source)) == 1 then redis.call('HSET', row_of(source), 'requeued_as', id) end
  elseif redis.call('HDEL', row_of(source), 'member:' .. fingerprint) == 1 then
    redis.call('HINCRBY', row_of(source), 'other_members', -1)
  end
end

local job_args, job_options = cmsgpack.unpack(JOB_ARGS), cmsgpack.unpack(JOB_OPTIONS)
local function add_job(tag)
  job_args[2], job_args[4] = id, now
  job_options.jobId, job_options.priority = id, batch.priorities[severity + 1] + tag
  bull_add(KEYS, { job_args, job_data, job_options })
  waiting = waiting + 1
end

-- The most severe fault that an incident lists decides when it gives way. Its turn stays that of its first fault.
local function raise_severity(incident, its_place)
  write_newcomers()
  local raised = string.format('%.0f', severity * SEVERITY_BAND + its_place % SEVERITY_BAND)
  redis.call('HSET', row_of(incident), 'place', raised)
  redis.call('ZADD', all_waiting, 'XX', raised, incident)
  redis.call('ZADD', ours .. 'waiting:' .. cluster, 'XX', raised, incident)
end

local function decide()
  -- 1. Resent: the reply to this very call was lost, and it gets the same answer.
  if answered[id] then
    count('resent', cluster)
    return cjson.decode(answered[id])
  end
  if has_row[id] then
    count('resent', cluster)
    local known = redis.call('HMGET', row_key, 'state', 'bound')
    if known[2] then return { known[1] == 'rejected' and 'rejected' or 'dropped_incoming', id, known[2] } end
    return { 'resent', id }
  end

  -- 2. Duplicate: an incident already stands for this fault. An operator may ask for another one if none is open.
  local same = claimants[fault_key]
  local source_known, members = false, {}
  if source then
    if requeue_of and is_open(source) then return { 'already_open', source } end
    -- It may have been removed since the operator saw it. What it knows is read before anything gives way to the newcomer:
    -- it may be the oldest of those that were shed, and go for that.
    source_known = redis.call('EXISTS', row_of(source)) == 1
    if requeue_of then members = members_of(source) end
    if split_from and source_known and redis.call('HEXISTS', row_of(source), 'member:' .. fingerprint) == 0 then
      return { 'already_open', same or source }
    end
    if same and same ~= source and is_open(same) then return { 'already_open', same } end
  elseif same then
    local recurrences, has_ended, seen = recurrences_of(same)
    if recurrences then
      claim(fault_key, same, 'KEEPTTL')
      -- A fault from a spool may be older than what came since; an ingester writes all times alike, so they compare as text.
      local last_seen = seen and seen > received_at and seen or received_at
      redis.call('HSET', row_of(same), 'last_seen', last_seen, 'recurrences', recurrences + 1)
      if has_ended then
        note_due(same .. ':recurred', { event = 'incident_recurred', incident_id = same, recurrences = recurrences + 1 })
      end
      return count_answer('deduplicated', same, recurrences + 1)
    end
  end

  -- 3. Group: the open incident of its problem lists it; without a problem, one of the same workload and type of fault, unless
  -- this fault is more severe.
  local problem = problem_of_group(group)
  local holder = group_key and claimants[group_key]
  local held, others, listed = false, 0, nil
  if holder and is_open(holder) then
    local row = redis.call('HMGET', row_of(holder), 'place', 'other_members', 'member:' .. fingerprint)
    held, others, listed = math.floor(row[1] / SEVERITY_BAND) >= severity, tonumber(row[2] or 0), row[3]
    if problem and not held and not source then raise_severity(holder, row[1]) end
    held = held or problem
  end
  if held and not source then
    claim(fault_key, holder, 'PX', KEPT_MS)
    if problem then link_problem(cluster, problem, holder, now, dedup_until) end
    if not listed then
      others = redis.call('HINCRBY', row_of(holder), 'other_members', 1)
      if others < batch.most_members then redis.call('HSET', row_of(holder), 'member:' .. fingerprint, member()) end
    end
    return count_answer('grouped', holder, others + 1)
  end

  -- Its problem is firing, and a report explains it: another symptom is no reason to investigate again.
  local explained = problem and not source and explaining_incident(cluster, problem, batch.now)
  if explained then
    local recurrences = redis.call('HINCRBY', row_of(explained), 'recurrences', 1)
    redis.call('HSET', row_of(explained), 'last_seen', received_at)
    claim(fault_key, explained, 'PX', KEPT_MS)
    note_due(explained .. ':recurred', { event = 'incident_recurred', incident_id = explained, recurrences = recurrences })
    return count_answer('deduplicated', explained, recurrences)
  end

  -- 4. The cluster's bound, then 5. the bound of all.
  local evicted = {}
  if batch.cluster_queue_size > 0 then
    local cluster_waiting = ours .. 'waiting:' .. cluster
    while count_indexed(cluster_waiting) >= batch.cluster_queue_size do
      local victim = make_room(cluster_waiting, 'cluster')
      if not victim then return refuse('cluster', evicted) end
      evicted[#evicted + 1] = victim
    end
  end
  while waiting >= batch.global_queue_size do
    local victim = make_room(all_waiting, 'global')
    if not victim then return refuse('global', evicted) end
    evicted[#evicted + 1] = victim
  end

  -- 6. The job.
  if waiting == 0 then forget_tags() end
  local tag = take_tag(severity, cluster)
  add_job(tag)

  -- 7. The row, the indexes, the claims and the counters. What the fault's claim points to is the former incident when it
  -- does not stand any more.
  local links = {}
  local former = source or same
  local former_known = source_known or (former and redis.call('EXISTS', row_of(former)) == 1)
  if former_known then links = { 'previous_incident_id', former } end
  local holds_group = group_key and not held
  if holds_group then append(links, 'group', group) end
  write_row('queued', 'dedup_until', dedup_until, 'phase', 'waiting', 'tag', tag, unpack(links))
  take_members(members)
  if source then leave_source() end
  if problem then link_problem(cluster, problem, id, now, dedup_until) end
  enter_queue(holds_group)
  count_received('queued', cluster)
  count('waiting', cluster)
  if source then count('requeued', cluster) end
  return { 'queued', id, unpack(evicted) }
end

local replies = {}
read_ahead()
for turn = 1, TURNS do
  take_turn(turn)
  local decided, reply = pcall(decide)
  replies[#replies + 1] = decided and reply or { 'failed', type(reply) == 'table' and reply.err or tostring(reply) }
end
write_batch()
return replies
