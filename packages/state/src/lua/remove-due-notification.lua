-- Removes a notification that the queues have taken, unless another one has taken its place. Preceded by
-- incident-rows.lua.
--
-- ARGV: name, text

local due = ours .. 'due-notifications'
if redis.call('HGET', due, ARGV[1]) == ARGV[2] then redis.call('HDEL', due, ARGV[1]) end
