-- Counts received alerts by outcome, and lists the latest that could not be assigned.
--
-- KEYS[1]: counts by outcome
-- KEYS[2]: alerts that could not be assigned, by fingerprint
-- KEYS[3]: when each of them was last received
-- ARGV[1]: now (ms)
-- ARGV[2]: JSON of the counts by outcome
-- ARGV[3…]: fingerprint and JSON of each unassigned alert
-- Returns: OK
local MOST, KEPT_MS = 50, 24 * 3600 * 1000
local now = tonumber(ARGV[1])

for outcome, by in pairs(cjson.decode(ARGV[2])) do redis.call('HINCRBY', KEYS[1], outcome, by) end
for at = 3, #ARGV, 2 do
  redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1])
  redis.call('ZADD', KEYS[3], now, ARGV[at])
end
local old = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - KEPT_MS)
local surplus = redis.call('ZCARD', KEYS[3]) - MOST
if surplus > #old then old = redis.call('ZRANGE', KEYS[3], 0, surplus - 1) end
for _, fingerprint in ipairs(old) do
  redis.call('HDEL', KEYS[2], fingerprint)
  redis.call('ZREM', KEYS[3], fingerprint)
end
return redis.status_reply('OK')
