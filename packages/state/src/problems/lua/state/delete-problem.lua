-- delete_problem(cluster, problem) deletes the row of a problem and takes it out of all indexes.
-- @include redis/keys
-- @include problems/state/index-problem
return function(cluster, problem)
  index_problem(cluster, problem, nil)
  redis.call('DEL', keys.problem(cluster, problem))
  redis.call('ZREM', keys.problems(cluster), problem)
end
