-- Notes that the process of an ingester runs, and returns for which others that holds.
--
-- KEYS[1]: ingesters by the time until which they count as running
-- ARGV[1]: id of the ingester
-- ARGV[2]: now (ms), or '' for Redis's clock
-- ARGV[3]: for how long it counts as running (ms)
-- Returns: {now, ingesters as id and the time until which they count as running alternately}
--
-- @include leases/lease-time
local now = lease_time(ARGV[2])
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
-- Some minutes tell that an ingester did this, and has died.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 600000)
return { now, redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES') }
