-- Takes leases that have not changed since the ingester saw them.
--
-- KEYS[1]: leases
-- KEYS[2]: the last fencing token
-- KEYS[3]: the log of changes
-- ARGV[1]: id of the ingester
-- ARGV[2]: now (ms), or '' for Redis's clock
-- ARGV[3]: length of a lease (ms)
-- ARGV[4…]: cluster and token seen (0: none) of each lease
-- Returns: the new token of each lease, 0 for one that has changed
--
-- @include leases/lease-time
-- @include leases/lease-of
-- @include leases/log-change
local expires_at, tokens = lease_time(ARGV[2]) + tonumber(ARGV[3]), {}
for at = 4, #ARGV, 2 do
  local lease = lease_of(KEYS[1], ARGV[at])
  local token = 0
  if (lease and lease.token or 0) == tonumber(ARGV[at + 1]) then
    token = log_change(KEYS[3], KEYS[2], ARGV[at])
    redis.call('HSET', KEYS[1], ARGV[at], cjson.encode({ owner = ARGV[1], token = token, expires_at = expires_at }))
  end
  tokens[#tokens + 1] = token
end
return tokens
