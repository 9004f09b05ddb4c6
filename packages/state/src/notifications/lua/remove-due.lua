-- Removes a notification that its queues have accepted from an outbox, unless another one has replaced it.
--
-- KEYS[1]: outbox
-- ARGV[1]: name
-- ARGV[2]: text that was accepted
-- Returns: nothing
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
