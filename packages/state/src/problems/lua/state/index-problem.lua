-- index_problem(cluster, problem, state, changed_at) lists a problem by its state, over all clusters and of its own.
-- @include redis/keys
return function(cluster, problem, state, changed_at)
  local member = cluster .. '|' .. problem
  for _, other in ipairs({ 'firing', 'recovered', 'closed' }) do
    if other == state then
      redis.call('ZADD', keys.problems_in(other), changed_at, member)
      redis.call('ZADD', keys.problems_in(other, cluster), changed_at, member)
    else
      redis.call('ZREM', keys.problems_in(other), member)
      redis.call('ZREM', keys.problems_in(other, cluster), member)
    end
  end
end
