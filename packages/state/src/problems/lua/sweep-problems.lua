-- Closes problems that recovered before a time, and ends the flapping of those that have been firing steadily since an earlier one.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: now (ms)
-- ARGV[2]: when (ms) those recovered that are closed
-- ARGV[3]: since when (ms) those are firing whose flapping ends
-- ARGV[4]: most of each kind
-- Returns: {number of closed ones, number of steady ones}
--
-- @include redis/keys
-- @include problems/state/change-problem
-- @include problems/state/notify-problem
local now, recovered_before, steady_since, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local closed, steady = 0, 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', keys.problems_in('recovered'), '-inf', recovered_before, 'LIMIT', 0, most)) do
  local cluster, problem = string.match(member, '^([^|]*)|(.*)$')
  if cluster and change_problem(cluster, problem, 'closed', now) then closed = closed + 1
  else redis.call('ZREM', keys.problems_in('recovered'), member) end
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', keys.flapping_problems, '-inf', steady_since, 'LIMIT', 0, most)) do
  local cluster, problem = string.match(member, '^([^|]*)|(.*)$')
  redis.call('ZREM', keys.flapping_problems, member)
  if cluster and redis.call('HDEL', keys.problem(cluster, problem), 'flapping') == 1 then
    steady = steady + 1
    if redis.call('HGET', keys.problem(cluster, problem), 'state') == 'firing' then notify_problem(cluster, problem, 'reopened', now) end
  end
end
return { closed, steady }
