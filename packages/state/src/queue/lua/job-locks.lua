-- Keeps the locks of a worker's jobs, and finds the jobs that it has lost. A lock that has expired is taken again: Redis refused writes or
-- was unreachable, or the worker was paused. As long as the job is active and was not started again, no other worker has it.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: duration of a lock (ms)
-- ARGV[2]: a lock that expires sooner than this is renewed (ms)
-- ARGV[3…]: id, token and number of starts (BullMQ's `ats`) of each job
-- Returns: ids of the lost jobs
--
-- @include redis/keys
local duration, soon = ARGV[1], tonumber(ARGV[2])
local active

local function is_active(id)
  if not active then
    active = {}
    for _, one in ipairs(redis.call('LRANGE', QUEUE .. 'active', 0, -1)) do active[one] = true end
  end
  return active[id]
end

local lost = {}
for at = 3, #ARGV, 3 do
  local id, token, starts = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local lock = keys.job(id) .. ':lock'
  local owner = redis.call('GET', lock)
  local is_free = not owner and redis.call('HGET', keys.job(id), 'ats') == starts and is_active(id)
  if owner ~= token and not is_free then
    lost[#lost + 1] = id
  elseif is_free or redis.call('PTTL', lock) < soon then
    -- First: a Redis that is full accepts the writes of a script that follow a deletion.
    redis.call('SREM', QUEUE .. 'stalled', id)
    redis.call('SET', lock, token, 'PX', duration)
  end
end
return lost
