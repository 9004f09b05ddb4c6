-- Moves a field of a hash aside, unless it was written since.
--
-- KEYS[1]: the hash
-- ARGV[1]: field
-- ARGV[2]: its value
-- ARGV[3]: why
-- Returns: 1 if it was moved
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.aside(KEYS[1], ARGV[1], ARGV[3])
return 1
