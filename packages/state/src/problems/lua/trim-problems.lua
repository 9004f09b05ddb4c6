-- trim_problems(cluster) deletes problems of a cluster beyond the latest 1,000, the oldest first. Those that are firing stay.
-- @include redis/keys
local KEPT = 1000

return function(cluster)
  local index = keys.problems(cluster)
  local surplus = redis.call('ZCARD', index) - KEPT
  if surplus <= 0 then return end
  for _, problem in ipairs(redis.call('ZRANGE', index, 0, surplus + 100)) do
    if surplus <= 0 then return end
    local key = keys.problem(cluster, problem)
    if redis.call('HGET', key, 'state') ~= 'firing' then
      redis.call('DEL', key)
      redis.call('ZREM', index, problem)
      surplus = surplus - 1
    end
  end
end
