-- Records a heartbeat of an ingester, renews its leases, and returns the leases that have changed.
--
-- KEYS[1]: leases
-- KEYS[2]: live ingesters that take clusters
-- KEYS[3]: refused configurations
-- KEYS[4]: all live ingesters
-- KEYS[5]: the log of changes
-- KEYS[6]: the last fencing token
-- ARGV[1]: id of the ingester
-- ARGV[2]: now (ms), or '' for Redis's clock
-- ARGV[3]: length of a lease (ms)
-- ARGV[4]: '1' when other ingesters shall take its clusters
-- ARGV[5]: the configuration that it refuses (JSON), or ''
-- ARGV[6]: the version whose leases it knows; '' for none, '-' when it needs none
-- ARGV[7…]: cluster and token of each lease that it holds
-- Returns: {now, ids of the live ingesters that take clusters, leases as name and JSON alternately, '' for none,
--   whether these are all leases (1, 0), number of leases, version, live ingesters as id and expiry alternately}
--
-- @include leases/lease-time
-- @include leases/renew-leases
-- @include leases/changed-leases
-- @include redis/number-of
local leases, ingesters, refused, owners, log, counter = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local id, leaving, configuration, since = ARGV[1], ARGV[4] == '1', ARGV[5], ARGV[6]
local now = lease_time(ARGV[2])
local expires_at = now + tonumber(ARGV[3])

for _, dead in ipairs(redis.call('ZRANGEBYSCORE', ingesters, '-inf', now)) do
  redis.call('ZREM', ingesters, dead)
  redis.call('HDEL', refused, dead)
end
redis.call('ZREMRANGEBYSCORE', owners, '-inf', now)
redis.call('ZADD', owners, expires_at, id)
if leaving then
  redis.call('ZREM', ingesters, id)
else
  redis.call('ZADD', ingesters, expires_at, id)
end
if leaving or configuration == '' then
  redis.call('HDEL', refused, id)
else
  redis.call('HSET', refused, id, configuration)
end

local held = {}
for at = 7, #ARGV do held[at - 6] = ARGV[at] end
renew_leases(leases, id, expires_at, held)

local changed, all = {}, 0
if since ~= '-' then changed, all = changed_leases(leases, log, counter, since) end
return {
  now,
  redis.call('ZRANGE', ingesters, 0, -1),
  changed,
  all,
  redis.call('HLEN', leases),
  number_of(redis.call('GET', counter), 0),
  redis.call('ZRANGE', owners, 0, -1, 'WITHSCORES'),
}
