-- A triage worker says that it lives, and learns how many do. Preceded by leases.lua.
--
-- KEYS[1] workers; ARGV[1] id, ARGV[2] how long it counts as alive without a word, in ms
-- Returns how many workers live, this one included.

local now = clock('')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
return redis.call('ZCARD', KEYS[1])
