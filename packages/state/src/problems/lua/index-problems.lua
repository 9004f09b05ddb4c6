-- Lists problems of a cluster by their state, as versions before 0.2 did not.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: cluster
-- ARGV[2…]: keys of the problems
-- Returns: nothing
--
-- @include redis/keys
-- @include redis/number-of
-- @include problems/state/state-of
-- @include problems/state/index-problem
for at = 2, #ARGV do
  local row = redis.call('HMGET', keys.problem(ARGV[1], ARGV[at]), 'state', 'changed_at')
  local state = state_of(row[1])
  if state then index_problem(ARGV[1], ARGV[at], state, number_of(row[2], 0)) end
end
