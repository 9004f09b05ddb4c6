-- Records a heartbeat of a triage worker, and releases the jobs of workers that have died: their heartbeats have stopped, or the
-- caller knows that their processes have ended. BullMQ's locks expire later; they decide for workers without a record.
--
-- KEYS[1]: live workers
-- ARGV[1]: id of the worker; with a record, the beginning of the tokens of its locks
-- ARGV[2]: time for which it counts as alive from now on (ms)
-- ARGV[3]: its process (JSON, see WorkerProcess in live-workers.ts); empty: it has no record
-- ARGV[4]: time without a heartbeat after which the jobs of a worker are released (ms)
-- ARGV[5]: BullMQ's maximum of stalls of a job
-- ARGV[6]: maximum of active jobs over all workers
-- ARGV[7…]: ids of workers whose processes have ended
-- Returns: {number of live workers, this one included, ids of released jobs…}
--
-- @include redis/redis-time
-- @include queue/dead-workers
-- @include queue/release-jobs
local now = redis_time()
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
if ARGV[3] == '' then return { redis.call('ZCARD', KEYS[1]) } end

-- A Redis that has lost it bounds nothing.
if not redis.call('HGET', QUEUE .. 'meta', 'concurrency') then redis.call('HSET', QUEUE .. 'meta', 'concurrency', ARGV[6]) end

local ended = {}
for at = 7, #ARGV do ended[ARGV[at]] = true end
local dead = dead_workers({ id = ARGV[1], process = ARGV[3], silence = tonumber(ARGV[4]) }, ended, now)
for id in pairs(dead) do redis.call('ZREM', KEYS[1], id) end
local released = release_jobs(dead, ARGV[5], now)
return { redis.call('ZCARD', KEYS[1]), unpack(released) }
