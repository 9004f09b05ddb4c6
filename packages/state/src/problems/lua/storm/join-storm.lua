-- join_storm(fault, storm, batch) makes the problem of a fault a member of a storm (see find_storm): it waits for what is found of the
-- first one, whose notification lists it, and is not announced. `storms` lists what is to be decided, see StormMembers.
-- @include redis/keys
-- @include redis/decode
-- @include incidents/state/kept-ms
-- @include problems/state/change-problem
-- @include problems/state/notify-problem
local MOST_LISTED = 200

return function(fault, storm, batch)
  local cluster, now = fault.cluster, batch.header.now_ms
  local member, leader = keys.problem(cluster, fault.problem), keys.problem(cluster, storm.leader)
  change_problem(cluster, fault.problem, 'firing', now)
  redis.call('HSET', member, 'member_of', storm.leader)
  local listed = decode(redis.call('HGET', leader, 'members')) or {}
  if #listed < MOST_LISTED then
    listed[#listed + 1] = fault.problem
    redis.call('HSET', leader, 'members', cjson.encode(listed))
  end
  local waiting = keys.storm_members(cluster, storm.leader)
  redis.call('HSET', waiting, fault.problem, '{"trait":' .. cjson.encode(storm.trait) .. ',"cluster_event":' .. fault.cluster_event .. '}')
  redis.call('PEXPIRE', waiting, kept_ms)
  redis.call('ZADD', keys.storms, 'NX', now, cluster .. '|' .. storm.leader)
  -- What the bot has posted of the first one lists its members.
  notify_problem(cluster, storm.leader, 'recurred', now)
end
