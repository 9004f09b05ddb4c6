-- Records a heartbeat of an ingester, renews its leases, and returns the leases of all.
--
-- KEYS[1]: leases
-- KEYS[2]: live ingesters that take clusters
-- KEYS[3]: refused configurations
-- ARGV[1]: id of the ingester
-- ARGV[2]: now (ms), or '' for Redis's clock
-- ARGV[3]: length of a lease (ms)
-- ARGV[4]: '1' when other ingesters shall take its clusters
-- ARGV[5]: the configuration that it refuses (JSON), or ''
-- ARGV[6…]: cluster and token of each lease that it holds
-- Returns: {now, ids of the live ingesters that take clusters, leases as name and JSON alternately}
--
-- @include leases/lease-time
-- @include leases/lease-of
-- @include leases/is-held
local leases, ingesters, refused = KEYS[1], KEYS[2], KEYS[3]
local id, leaving, configuration = ARGV[1], ARGV[4] == '1', ARGV[5]
local now = lease_time(ARGV[2])
local expires_at = now + tonumber(ARGV[3])

for _, dead in ipairs(redis.call('ZRANGEBYSCORE', ingesters, '-inf', now)) do
  redis.call('ZREM', ingesters, dead)
  redis.call('HDEL', refused, dead)
end
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

for at = 6, #ARGV, 2 do
  local lease = lease_of(leases, ARGV[at])
  -- An expired lease that no other ingester took is renewed too: its cluster was never unwatched.
  if is_held(lease, id, ARGV[at + 1]) then
    lease.expires_at = expires_at
    redis.call('HSET', leases, ARGV[at], cjson.encode(lease))
  end
end
return { now, redis.call('ZRANGE', ingesters, 0, -1), redis.call('HGETALL', leases) }
