-- Writes what an ingester has to say about clusters, for those that nobody took from it. Preceded by leases.lua.
--
-- KEYS[1] leases, KEYS[2] the hash that is written, by cluster
-- ARGV[1] id, then cluster, token and value in turn
-- Returns how many were refused.

local refused = 0
for i = 2, #ARGV, 3 do
  local lease = lease_of(KEYS[1], ARGV[i])
  if lease and lease.owner == ARGV[1] and lease.token == tonumber(ARGV[i + 1]) then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 2])
  else
    refused = refused + 1
  end
end
return refused
