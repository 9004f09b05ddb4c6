-- An ingester says that it lives, renews its leases, and learns how things stand. Preceded by leases.lua.
--
-- KEYS[1] leases, KEYS[2] ingesters, KEYS[3] refused configurations
-- ARGV[1] id, ARGV[2] now or '', ARGV[3] length of a lease in ms, ARGV[4] '1' when others shall take its clusters,
-- ARGV[5] JSON of the configuration that it refuses or '', then cluster and token of each lease that it holds
-- Returns {now, ids of the live ingesters that take clusters, leases as name and JSON in turn}.

local id, now, length = ARGV[1], clock(ARGV[2]), tonumber(ARGV[3])
local expires_at = now + length

for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  redis.call('ZREM', KEYS[2], dead)
  redis.call('HDEL', KEYS[3], dead)
end
if ARGV[4] == '1' then
  redis.call('ZREM', KEYS[2], id)
else
  redis.call('ZADD', KEYS[2], expires_at, id)
end
if ARGV[4] == '1' or ARGV[5] == '' then
  redis.call('HDEL', KEYS[3], id)
else
  redis.call('HSET', KEYS[3], id, ARGV[5])
end

for i = 6, #ARGV, 2 do
  local lease = lease_of(KEYS[1], ARGV[i])
  -- Also one that has expired, as long as nobody else took it: its clusters were never unwatched.
  if lease and lease.owner == id and lease.token == tonumber(ARGV[i + 1]) then
    lease.expires_at = expires_at
    redis.call('HSET', KEYS[1], ARGV[i], cjson.encode(lease))
  end
end
return { now, redis.call('ZRANGE', KEYS[2], 0, -1), redis.call('HGETALL', KEYS[1]) }
