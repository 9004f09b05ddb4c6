-- Takes a member out of what is to be decided of a storm.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1], ARGV[2]: cluster, and key of the first problem of the storm
-- ARGV[3]: key of the member; '' only ends a storm without members
-- Returns: nothing
--
-- @include redis/keys
local waiting = keys.storm_members(ARGV[1], ARGV[2])
redis.call('HDEL', waiting, ARGV[3])
if redis.call('EXISTS', waiting) == 0 then redis.call('ZREM', keys.storms, ARGV[1] .. '|' .. ARGV[2]) end
