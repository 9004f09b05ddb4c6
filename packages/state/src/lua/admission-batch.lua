-- What the faults of one call of admission.lua ask and write alike: it is asked at once before the first one has its turn, and
-- written at once after the last. What one writes, the next must see: it is in these tables, or is written before anything
-- looks there. Preceded by incident-rows.lua and fair-order.lua.
--
-- ARGV: see admission.lua

local FIELDS = 10
local TURNS = (#ARGV - 1) / FIELDS
local batch = cjson.decode(ARGV[1])
local all_waiting = ours .. 'waiting'
-- As text: Redis is slow at writing numbers.
local now, dedup_until = batch.now_ms, batch.dedup_until

-- The fault whose turn it is.
local id, row_key, fault_key, group_key
local cluster, fingerprint, group, severity, place, received_at, job_data, cluster_event, as_member, operation
-- The incident that an operator puts in again, or splits this fault off from.
local requeue_of, split_from, source

-- The keys of all the faults, by their turns.
local row_keys, fault_keys, group_keys = {}, {}, {}

local function take_turn(turn)
  local at = 2 + (turn - 1) * FIELDS
  id, cluster, fingerprint, group, place, received_at, job_data, cluster_event, as_member, operation =
    unpack(ARGV, at, at + FIELDS - 1)
  row_key, fault_key, group_key = row_keys[turn], fault_keys[turn], group_keys[turn]
  severity = math.floor(place / SEVERITY_BAND)
  requeue_of, split_from, source = nil, nil, nil
  if operation == '' then return end
  requeue_of, split_from = string.match(operation, '^requeue (.*)'), string.match(operation, '^split (.*)')
  source = requeue_of or split_from
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
  write_fields(ours .. 'intake', written)
end

-- What is asked of all the faults is asked at once: whether any call was sent before and left a row, what those were
-- answered that are remembered, and which incident stands for each fault and holds each group.
local COUNTED_CALLS, ANSWERS = ours .. 'counted-calls', ours .. 'counted-answers'
local answered, claimants, has_row = {}, {}, {}
local function read_ahead()
  local ids, claims = {}, {}
  for turn = 1, TURNS do
    local id, cluster, fingerprint, group = unpack(ARGV, 2 + (turn - 1) * FIELDS, 5 + (turn - 1) * FIELDS)
    ids[turn], row_keys[turn], fault_keys[turn] = id, row_of(id), fault_key_of(cluster, fingerprint)
    claims[#claims + 1] = fault_keys[turn]
    if group ~= '' then
      group_keys[turn] = group_key_of(cluster, group)
      claims[#claims + 1] = group_keys[turn]
    end
  end
  for at, answer in ipairs(redis.call('HMGET', ANSWERS, unpack(ids))) do answered[ids[at]] = answer end
  for at, claim in ipairs(redis.call('MGET', unpack(claims))) do
    claimants[claims[at]] = claim and string.match(claim, '^%S+')
  end
  if redis.call('EXISTS', unpack(row_keys)) == 0 then return end
  for at, row in ipairs(row_keys) do has_row[ids[at]] = redis.call('EXISTS', row) == 1 end
end

local function append(list, one, other)
  list[#list + 1], list[#list + 2] = one, other
end

-- What is to be written to the index of what waits by cluster.
local waiting_of = {}
local function index_by_cluster(of, its_place, incident)
  local index = ours .. 'waiting:' .. of
  waiting_of[index] = waiting_of[index] or {}
  append(waiting_of[index], its_place, incident)
end

local function count_indexed(index)
  return redis.call('ZCARD', index) + #(waiting_of[index] or {}) / 2
end

local function write_index()
  for index, entries in pairs(waiting_of) do redis.call('ZADD', index, unpack(entries)) end
  waiting_of = {}
end

-- There is such an index only since somebody first bounded the clusters: it costs a call for each of them. From then on
-- everybody keeps it, because several ingesters need not agree on the bounds.
local CLUSTERS_INDEXED, PAGE = ours .. 'clusters-indexed', 1000
local function index_clusters()
  local indexed = redis.call('EXISTS', CLUSTERS_INDEXED) == 1
  if indexed or batch.cluster_queue_size == 0 then return indexed end
  for from = 0, redis.call('ZCARD', all_waiting), PAGE do
    local entries = redis.call('ZRANGE', all_waiting, from, from + PAGE - 1, 'WITHSCORES')
    for at = 1, #entries, 2 do
      local of = redis.call('HGET', row_of(entries[at]), 'cluster_name')
      if of then index_by_cluster(of, entries[at + 1], entries[at]) end
    end
    write_index()
  end
  redis.call('SET', CLUSTERS_INDEXED, '1')
  return true
end
local clusters_indexed = index_clusters()

-- What is to be written about newcomers: all of a kind at once, before anything looks there.
local claims, created, waiting_ids = {}, {}, {}

local function write_newcomers()
  if #created == 0 then return end
  redis.call('MSET', unpack(claims))
  redis.call('ZADD', ours .. 'incidents', unpack(created))
  redis.call('ZADD', index_of('queued'), unpack(created))
  redis.call('ZADD', all_waiting, unpack(waiting_ids))
  write_index()
  claims, created, waiting_ids = {}, {}, {}
end

-- The claim of an incident's own fault goes with its row; that of a member (see `claim`) after as long a time.
local function enter_queue(holds_group)
  claimants[fault_key] = id
  append(claims, fault_key, id .. ' ' .. now)
  if holds_group then
    claimants[group_key] = id
    append(claims, group_key, id)
  end
  append(created, now, id)
  append(waiting_ids, place, id)
  if clusters_indexed then index_by_cluster(cluster, place, id) end
end

-- A call that is sent again must not count again: what it was answered is remembered where it has no row that tells, or
-- one that may be gone within seconds, because a storm sheds thousands of others. Remembered are the calls of the last ten
-- minutes, up to 200,000 of them; older ones go a few at a time, and the latest 10,000 stay.
local REMEMBERED_FOR, LEAST_ANSWERS, MOST_ANSWERS = 10 * 60 * 1000, 10000, 200000
local calls, answers = {}, {}
local function remember(call, answer)
  answered[call] = cjson.encode(answer)
  append(calls, now, call)
  append(answers, call, answered[call])
end

local function count_answer(kind, ...)
  count_received(kind, cluster)
  local answer = { kind, ... }
  remember(id, answer)
  return answer
end

local function write_answers()
  if #calls == 0 then return end
  redis.call('ZADD', COUNTED_CALLS, unpack(calls))
  redis.call('HSET', ANSWERS, unpack(answers))
  local remembered = redis.call('ZCARD', COUNTED_CALLS)
  if remembered <= LEAST_ANSWERS then return end
  local before = remembered > MOST_ANSWERS and '+inf' or batch.now - REMEMBERED_FOR
  -- Two for each that came.
  local most = math.min(remembered - LEAST_ANSWERS, #calls)
  local gone = redis.call('ZRANGEBYSCORE', COUNTED_CALLS, '-inf', before, 'LIMIT', 0, most)
  if #gone == 0 then return end
  redis.call('HDEL', ANSWERS, unpack(gone))
  redis.call('ZREM', COUNTED_CALLS, unpack(gone))
end

local function write_batch()
  write_newcomers()
  write_answers()
  write_tags()
  write_counts()
end
