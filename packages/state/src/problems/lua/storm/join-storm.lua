-- join_storm(fault, storm, batch) makes the problem of a fault a member of a storm (see find_storm): it waits for what is found of the
-- first one, whose notification lists it, and is not announced. `storms` lists what is to be decided, see StormMembers. The row of the first
-- one is written once for a batch, see write_storms.
-- @include redis/keys
-- @include redis/decode
-- @include incidents/state/kept-ms
-- @include problems/state/change-problem
local MOST_LISTED = 200

return function(fault, storm, batch)
  local cluster, now = fault.cluster, batch.header.now_ms
  local leader = keys.problem(cluster, storm.leader)
  change_problem(cluster, fault.problem, 'firing', now)
  redis.call('HSET', keys.problem(cluster, fault.problem), 'member_of', storm.leader)
  local joined = batch.storms[leader]
  if not joined then
    joined = { cluster = cluster, problem = storm.leader, members = decode(redis.call('HGET', leader, 'members')) or {} }
    batch.storms[leader] = joined
  end
  if #joined.members < MOST_LISTED then joined.members[#joined.members + 1] = fault.problem end
  local waiting = keys.storm_members(cluster, storm.leader)
  redis.call('HSET', waiting, fault.problem, '{"trait":' .. cjson.encode(storm.trait) .. ',"cluster_event":' .. fault.cluster_event .. '}')
  redis.call('PEXPIRE', waiting, kept_ms)
  redis.call('ZADD', keys.storms, 'NX', now, cluster .. '|' .. storm.leader)
end
