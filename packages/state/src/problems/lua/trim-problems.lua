-- trim_problems(cluster) deletes problems of a cluster beyond the latest 1,000, the oldest first. Those that are firing stay.
-- @include redis/keys
-- @include problems/state/delete-problem
local KEPT = 1000

return function(cluster)
  local index = keys.problems(cluster)
  local surplus = redis.call('ZCARD', index) - KEPT
  if surplus <= 0 then return end
  for _, problem in ipairs(redis.call('ZRANGE', index, 0, surplus + 100)) do
    if surplus <= 0 then return end
    if redis.call('HGET', keys.problem(cluster, problem), 'state') ~= 'firing' then
      delete_problem(cluster, problem)
      surplus = surplus - 1
    end
  end
end
