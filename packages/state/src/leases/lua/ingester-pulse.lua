-- Notes that the process of an ingester runs, and returns for which others that holds. Ends the sign of life of those that have lost
-- their connection, unless they are connected again or have given another one.
--
-- KEYS[1]: ingesters by the time until which they count as running
-- ARGV[1]: id of the ingester
-- ARGV[2]: now (ms), or '' for Redis's clock
-- ARGV[3]: for how long it counts as running (ms)
-- ARGV[4…]: id of each ingester that has lost its connection, and the time until which it counted as running then, alternately
-- Returns: {now, ingesters as id and the time until which they count as running alternately, ids of those that are connected}
--
-- @include leases/lease-time
-- @include leases/connected-ingesters
local pulses = KEYS[1]
local now = lease_time(ARGV[2])
redis.call('ZADD', pulses, now + tonumber(ARGV[3]), ARGV[1])
-- Some minutes tell that an ingester did this, and has died.
redis.call('ZREMRANGEBYSCORE', pulses, '-inf', now - 600000)

local connected = connected_ingesters(redis.call('ZRANGE', pulses, 0, -1))
for at = 4, #ARGV, 2 do
  local id = ARGV[at]
  local runs_until = redis.call('ZSCORE', pulses, id)
  if not connected[id] and runs_until and tonumber(runs_until) == tonumber(ARGV[at + 1]) then redis.call('ZADD', pulses, now, id) end
end

local ids = {}
for id in pairs(connected) do ids[#ids + 1] = id end
return { now, redis.call('ZRANGE', pulses, 0, -1, 'WITHSCORES'), ids }
