-- Records a heartbeat of a triage worker, and releases the jobs of workers that have died: their heartbeats have stopped, or the
-- caller knows that their processes have ended. BullMQ's locks expire later; they decide for workers without a record, once every live
-- worker could take its expired locks again.
--
-- KEYS[1]: live workers
-- ARGV[1]: id of the worker; with a record, the beginning of the tokens of its locks
-- ARGV[2]: time for which it counts as alive from now on (ms)
-- ARGV[3]: its process (JSON, see WorkerProcess in live-workers.ts); empty: it has no record
-- ARGV[4]: time without a heartbeat after which the jobs of a worker are released (ms)
-- ARGV[5]: BullMQ's maximum of stalls of a job
-- ARGV[6]: maximum of active jobs over all workers
-- ARGV[7]: time between two checks for jobs without a lock (ms)
-- ARGV[8…]: ids of workers whose processes have ended
-- Returns: {number of live workers, this one included, ids of the jobs of dead workers, ids of jobs without a lock}: of those that were
-- released
--
-- @include bullmq/move-stalled-jobs-to-wait
-- @include redis/redis-time
-- @include queue/dead-workers
-- @include queue/heartbeats-lasted
-- @include queue/release-jobs
-- @include queue/slots/queue-keys
local now = redis_time()
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
if ARGV[3] == '' then return { redis.call('ZCARD', KEYS[1]), {}, {} } end

-- A Redis that has lost it bounds nothing.
if not redis.call('HGET', QUEUE .. 'meta', 'concurrency') then redis.call('HSET', QUEUE .. 'meta', 'concurrency', ARGV[6]) end

local ended = {}
for at = 8, #ARGV do ended[ARGV[at]] = true end
local silence, most_stalls = tonumber(ARGV[4]), ARGV[5]
local dead = dead_workers({ id = ARGV[1], process = ARGV[3], silence = silence }, ended, now)
for id in pairs(dead) do redis.call('ZREM', KEYS[1], id) end
local released, stalled = release_jobs(dead, most_stalls, now), {}
if heartbeats_lasted(now, silence) then
  stalled = move_stalled_jobs_to_wait(
    queue_keys('stalled', 'wait', 'active', 'stalled-check', 'meta', 'paused', 'marker', 'events', 'repeat'),
    { most_stalls, QUEUE, string.format('%d', now), ARGV[7] }
  )
end
return { redis.call('ZCARD', KEYS[1]), released, stalled }
