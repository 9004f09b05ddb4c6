-- Takes leases that are still as the caller saw them. Preceded by leases.lua.
--
-- KEYS[1] leases, KEYS[2] the last fencing token
-- ARGV[1] id, ARGV[2] now or '', ARGV[3] length of a lease in ms, then cluster and the token seen (0: none) in turn
-- Returns the new token of each, or 0 where somebody was faster.

local expires_at, tokens = clock(ARGV[2]) + tonumber(ARGV[3]), {}
for i = 4, #ARGV, 2 do
  local lease = lease_of(KEYS[1], ARGV[i])
  local token = 0
  if (lease and lease.token or 0) == tonumber(ARGV[i + 1]) then
    token = redis.call('INCR', KEYS[2])
    redis.call('HSET', KEYS[1], ARGV[i], cjson.encode({ owner = ARGV[1], token = token, expires_at = expires_at }))
  end
  tokens[#tokens + 1] = token
end
return tokens
