-- Gives leases back, if they are still the caller's. Preceded by leases.lua.
--
-- KEYS[1] leases, ARGV[1] id, then cluster and token in turn

for i = 2, #ARGV, 2 do
  local lease = lease_of(KEYS[1], ARGV[i])
  if lease and lease.owner == ARGV[1] and lease.token == tonumber(ARGV[i + 1]) then
    redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
