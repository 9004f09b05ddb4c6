-- The slots of a cluster: how many of its incidents are investigated at once. A slot is a lease: whoever dies gives it
-- back by not renewing it. An incident that finds no slot is parked among BullMQ's delayed jobs, and promoted when a slot
-- becomes free. Preceded by `bull_promote` and incident-rows.lua.
--
-- ARGV: operation, cluster, most slots (0: no bound), incident id, lease (ms)
-- take → 1 or 0; park, give and refill → ids that were promoted

local operation, cluster, most, id, lease = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
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

local PROMOTE_KEYS = { 'delayed', 'wait', 'paused', 'meta', 'prioritized', 'active', 'pc', 'events', 'marker' }
for at, name in ipairs(PROMOTE_KEYS) do PROMOTE_KEYS[at] = bull .. name end

-- Lets so many parked incidents try again; one whose job has left the delayed ones by itself needs no help.
local function promote(wanted)
  local promoted = {}
  while #promoted < wanted do
    local first = redis.call('ZPOPMIN', parked)[1]
    if not first then
      redis.call('SREM', clusters, cluster)
      break
    end
    if bull_promote(PROMOTE_KEYS, { bull, first }) == 0 then
      if redis.call('HGET', row_of(first), 'phase') == 'delayed' then
        change_phase(first, cluster, 'delayed', 'waiting')
      end
      promoted[#promoted + 1] = first
    end
  end
  return promoted
end

if operation == 'take' then
  if not redis.call('ZSCORE', held, id) and free_slots() < 1 then return 0 end
  redis.call('ZADD', held, now + lease, id)
  redis.call('ZREM', parked, id)
  return 1
end

if operation == 'park' then
  -- Its job is delayed already. It may have been evicted since, and the slot may have become free.
  local row = redis.call('HMGET', row_of(id), 'state', 'place', 'phase')
  if row[1] == 'queued' and redis.call('ZSCORE', bull .. 'delayed', id) then
    redis.call('ZADD', parked, 'NX', order_of(tonumber(row[2])), id)
    redis.call('SADD', clusters, cluster)
    if row[3] == 'waiting' then change_phase(id, cluster, 'waiting', 'delayed') end
  end
  return promote(math.min(free_slots(), 1))
end

if operation == 'give' then
  redis.call('ZREM', held, id)
  return promote(math.min(free_slots(), 1))
end

-- refill
return promote(free_slots())
