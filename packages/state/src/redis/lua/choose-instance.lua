-- Chooses the name of the installation where there is none yet, or something else in its place.
--
-- KEYS[1]: the name
-- ARGV[1]: a name to choose
-- Returns: the name
local name = redis.call('GET', KEYS[1])
if name and string.match(name, '^[%w_-]+$') then return name end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
