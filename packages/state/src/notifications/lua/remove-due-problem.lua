-- Removes a notification about a problem that its queues have accepted, unless another one has replaced it.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: id
-- ARGV[2]: text that was accepted
-- Returns: nothing
--
-- @include redis/keys
if redis.call('HGET', keys.due_problem_notifications, ARGV[1]) == ARGV[2] then
  redis.call('HDEL', keys.due_problem_notifications, ARGV[1])
end
