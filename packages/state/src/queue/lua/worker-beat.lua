-- Records a heartbeat of a triage worker.
--
-- KEYS[1]: live workers
-- ARGV[1]: id of the worker
-- ARGV[2]: time for which it counts as alive from now on (ms)
-- Returns: number of live workers, this one included
--
-- @include redis/redis-time
local now = redis_time()
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
return redis.call('ZCARD', KEYS[1])
