-- The slots of a cluster: how many of its incidents are investigated at once. A slot is a lease: whoever dies gives it
-- back by not renewing it. An incident that finds no slot is parked among BullMQ's delayed jobs, and promoted when a slot
-- becomes free. Preceded by `bull_delay`, `bull_promote` and incident-rows.lua.
--
-- ARGV: operation, cluster, most slots (0: no bound), incident id, lease (ms), token of its job
-- take → 1 (has a slot), 0 (is parked) or BullMQ's negative code (the job is another worker's); renew → 1 or 0;
-- give and refill → ids that were promoted

local operation, cluster, most, id, lease = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local token = ARGV[6]
-- A parked incident tries again after this time even if nobody promotes it, ms.
local PARKED_FOR = 300000
local held, parked, clusters = ours .. 'slots:' .. cluster, ours .. 'parked:' .. cluster, ours .. 'parked-clusters'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', held, '-inf', now)

local function free_slots()
  return most == 0 and 100 or most - redis.call('ZCARD', held)
end

-- The most severe and then the oldest come first.
local function order_of(place)
  local severity = math.floor(place / SEVERITY_BAND)
  return (9 - severity) * SEVERITY_BAND + place % SEVERITY_BAND
end

local function bull_keys(...)
  local keys = {}
  for at, name in ipairs({ ... }) do keys[at] = bull .. name end
  return keys
end

-- Lets so many parked incidents try again; one whose job has left the delayed ones by itself needs no help.
local function promote(wanted)
  local promoted = {}
  local keys = bull_keys('delayed', 'wait', 'paused', 'meta', 'prioritized', 'active', 'pc', 'events', 'marker')
  while #promoted < wanted do
    local first = redis.call('ZPOPMIN', parked)[1]
    if not first then
      redis.call('SREM', clusters, cluster)
      break
    end
    if bull_promote(keys, { bull, first }) == 0 then
      if redis.call('HGET', row_of(first), 'phase') == 'delayed' then
        change_phase(first, cluster, 'delayed', 'waiting')
      end
      promoted[#promoted + 1] = first
    end
  end
  return promoted
end

-- Lets the incident wait for a slot: its job and its row in one step, so that no crash leaves it to its delay.
local function park()
  local keys = bull_keys('marker', 'active', 'prioritized', 'delayed', id, 'events', 'meta', 'stalled', 'wait',
    'limiter', 'pc')
  local delayed = bull_delay(keys, { bull, now, id, token, PARKED_FOR, '1', '', '0', '' })
  if delayed ~= 0 then return delayed end
  local row = redis.call('HMGET', row_of(id), 'state', 'place', 'phase')
  if not OPEN[row[1]] then return 0 end
  redis.call('ZADD', parked, 'NX', order_of(tonumber(row[2])), id)
  redis.call('SADD', clusters, cluster)
  if row[1] == 'investigating' then
    -- Its former worker died.
    note_lost_worker(id)
    change_state(id, 'queued', 'delayed', now)
  elseif row[3] == 'waiting' then
    change_phase(id, cluster, 'waiting', 'delayed')
  end
  return 0
end

-- The slot goes with the incident, and so with the lock on its job: whoever has lost that one has lost the slot.
local function is_taken_over()
  local holder = redis.call('GET', bull .. id .. ':lock')
  return holder and holder ~= token
end

if operation == 'take' or operation == 'renew' then
  if operation == 'renew' and is_taken_over() then return 0 end
  if not redis.call('ZSCORE', held, id) and free_slots() < 1 then return operation == 'take' and park() or 0 end
  redis.call('ZADD', held, now + lease, id)
  redis.call('ZREM', parked, id)
  return 1
end

if operation == 'give' then
  if is_taken_over() then return {} end
  redis.call('ZREM', held, id)
  return promote(math.min(free_slots(), 1))
end

-- refill
return promote(free_slots())
